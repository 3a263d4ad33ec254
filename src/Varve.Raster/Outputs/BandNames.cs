using System.Security;
using System.Text;

namespace Varve.Raster.Outputs;

/// <summary>Names of bands, as GDAL keeps them in its tag of items.</summary>
internal static class BandNames
{
    public static string Xml(IReadOnlyList<string> names)
    {
        if (names.Count == 0) return "";
        var xml = new StringBuilder("<GDALMetadata>\n");
        for (var i = 0; i < names.Count; i++)
            xml.Append("  <Item name=\"DESCRIPTION\" sample=\"").Append(i).Append("\" role=\"description\">").Append(SecurityElement.Escape(names[i])).Append("</Item>\n");
        return xml.Append("</GDALMetadata>\n").ToString();
    }
}
