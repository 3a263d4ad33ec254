using System.Globalization;
using System.Text;

namespace Varve.Export;

/// <summary>PROV-N, the provenance notation for people (W3C recommendation, 30 April 2013).</summary>
internal static class ProvNotation
{
    public static string Write(ProvDocument document)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"document\n  prefix {ProvDocument.Prefix} <{ProvDocument.Namespace}>\n\n");
        foreach (var entity in document.Entities) text.Append(CultureInfo.InvariantCulture, $"  entity({entity.Name}, [{Facts(ProvDocument.Facts(entity))}])\n");
        foreach (var activity in document.Activities)
            text.Append(CultureInfo.InvariantCulture, $"  activity({activity.Name}, {ProvDocument.Time(activity.Trace.StartedAt)}, {ProvDocument.Time(activity.Trace.StartedAt + activity.Trace.Elapsed)}, [{Facts(ProvDocument.Facts(activity))}])\n");
        text.Append(CultureInfo.InvariantCulture, $"  agent({ProvDocument.Agent}, [prov:type='prov:SoftwareAgent', prov:label=\"Varve\"])\n");
        foreach (var (by, entity) in document.Used) text.Append(CultureInfo.InvariantCulture, $"  used({by.Name}, {entity.Name}, -)\n");
        foreach (var (entity, by) in document.Generated) text.Append(CultureInfo.InvariantCulture, $"  wasGeneratedBy({entity.Name}, {by.Name}, -)\n");
        foreach (var (made, from, by) in document.Derived) text.Append(CultureInfo.InvariantCulture, $"  wasDerivedFrom({made.Name}, {from.Name}, {by.Name}, -, -)\n");
        foreach (var activity in document.Activities) text.Append(CultureInfo.InvariantCulture, $"  wasAssociatedWith({activity.Name}, {ProvDocument.Agent}, -)\n");
        if (document.Copy is { } copy) text.Append(CultureInfo.InvariantCulture, $"  alternateOf({copy.Asked.Name}, {copy.Made.Name})\n");
        return text.Append("endDocument\n").ToString();
    }

    private static string Facts(IEnumerable<(string Name, string Value)> facts) => string.Join(", ", facts.Select(static f => $"{f.Name}={Literal(f.Value)}"));

    /// <summary>A string (STRING_LITERAL2), or between three quotes where it has several lines (STRING_LITERAL_LONG2).</summary>
    private static string Literal(string value)
    {
        var escaped = value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
        return escaped.Contains('\n') ? $"\"\"\"{escaped}\"\"\"" : $"\"{escaped}\"";
    }
}
