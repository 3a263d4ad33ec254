using System.Globalization;
using System.Security;
using System.Text;
using System.Xml;

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

    /// <summary>The name of a band, from 0; null when the items have none, or are no XML.</summary>
    public static string? Of(string xml, int band)
    {
        try
        {
            using var reader = XmlReader.Create(new StringReader(xml), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit });
            while (reader.ReadToFollowing("Item"))
                if (reader.GetAttribute("role") == "description" && reader.GetAttribute("sample") == band.ToString(CultureInfo.InvariantCulture)) return reader.ReadElementContentAsString();
            return null;
        }
        catch (XmlException)
        {
            return null;
        }
    }
}
