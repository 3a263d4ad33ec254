using System.Collections.Concurrent;
using System.Text;
using Varve.Lineage;
using Varve.Web.Http;

namespace Varve.Web;

/// <summary>The one style file, the one script, the icon: all lie in the program.</summary>
internal static class Assets
{
    private static readonly ConcurrentDictionary<string, byte[]> Loaded = new(StringComparer.Ordinal);

    public static Response? Get(string name) => name switch
    {
        "style.css" => new Response { Type = "text/css; charset=utf-8", Body = Loaded.GetOrAdd(name, static n => [.. Load(n), .. Encoding.UTF8.GetBytes(GraphPicture.Style)]) },
        "varve.js" => new Response { Type = "text/javascript; charset=utf-8", Body = Loaded.GetOrAdd(name, Load) },
        "icon.svg" => new Response { Type = "image/svg+xml", Body = Loaded.GetOrAdd(name, Load) },
        _ => null,
    };

    private static byte[] Load(string name)
    {
        using var stream = typeof(Assets).Assembly.GetManifestResourceStream(name)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
