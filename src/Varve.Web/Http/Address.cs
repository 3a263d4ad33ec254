using System.Text;
using Varve.Linux;

namespace Varve.Web.Http;

/// <summary>Writes names into addresses (RFC 3986): every byte that is not unreserved as %XX.</summary>
internal static class Address
{
    public static string Encode(string name)
    {
        var text = new StringBuilder(name.Length + 8);
        foreach (var b in PathText.Encode(name))
        {
            if (char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'_' or (byte)'.' or (byte)'~') text.Append((char)b);
            else text.Append('%').Append(b.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        }
        return text.ToString();
    }

    /// <summary>A relative path as it stands in an address.</summary>
    public static string OfPath(string relative) => string.Join('/', relative.Split('/').Select(Encode));
}
