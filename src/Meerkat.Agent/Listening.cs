using Meerkat.Core.Access;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Meerkat.Agent;

/// <summary>Where a server listens, with TLS or without.</summary>
internal static class Listening
{
    public static void Add(KestrelServerOptions options, ListenAddress.Parsed address, ServerTls? tls)
    {
        if (address.Address is { } one)
        {
            options.Listen(one, address.Port, Configure);
        }
        else
        {
            options.ListenAnyIP(address.Port, Configure);
        }

        void Configure(ListenOptions listen)
        {
            listen.Protocols = HttpProtocols.Http1;
            if (tls is not null)
            {
                listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(tls.Options()) });
            }
        }
    }
}
