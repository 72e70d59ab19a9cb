using Meerkat.Core.Boot;

namespace Meerkat.Boot.Link;

/// <summary>One line of JSON from the boot loader.</summary>
/// <param name="Refusal">None when the request was carried out and is durable.</param>
/// <param name="Text">What was refused and what to do; empty when nothing was.</param>
/// <param name="Sequence">The boot record's sequence now.</param>
/// <param name="Status">For status.</param>
public sealed record LinkReply(BootRefusal Refusal, string Text, ulong Sequence, BootStatus? Status = null);
