using System.Net;

namespace Meerkat.Tool.Doctor;

/// <summary>How the device can be reached, and what it asks of who reaches it.</summary>
/// <param name="Enabled">http.enable.</param>
/// <param name="ListenAddress">http.listen_addr as it is set.</param>
/// <param name="Credentials">Whoever reaches it must be known: by a password, or by a certificate.</param>
/// <param name="Tls">The settings name a certificate.</param>
/// <param name="Signatures">Bundles must be signed (update.sig_req_mask), pinned in board.json.</param>
/// <param name="Running">A boot loader runs the device.</param>
/// <param name="Listening">What listens on this machine.</param>
internal sealed record NetworkFacts(
    bool Enabled, string ListenAddress, bool Credentials, bool Tls, bool Signatures, bool Running, IReadOnlyCollection<IPEndPoint> Listening);
