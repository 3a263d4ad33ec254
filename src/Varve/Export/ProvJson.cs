using System.Text.Json;

namespace Varve.Export;

/// <summary>PROV-JSON (W3C member submission, 24 April 2013).</summary>
internal static class ProvJson
{
    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Write(ProvDocument document)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Readable))
        {
            json.WriteStartObject();
            json.WriteStartObject("prefix");
            json.WriteString(ProvDocument.Prefix, ProvDocument.Namespace);
            json.WriteEndObject();
            json.WriteStartObject("entity");
            foreach (var entity in document.Entities)
            {
                json.WriteStartObject(entity.Name);
                Facts(json, ProvDocument.Facts(entity));
                json.WriteEndObject();
            }
            json.WriteEndObject();
            json.WriteStartObject("activity");
            foreach (var activity in document.Activities)
            {
                json.WriteStartObject(activity.Name);
                json.WriteString("prov:startTime", ProvDocument.Time(activity.Trace.StartedAt));
                json.WriteString("prov:endTime", ProvDocument.Time(activity.Trace.StartedAt + activity.Trace.Elapsed));
                Facts(json, ProvDocument.Facts(activity));
                json.WriteEndObject();
            }
            json.WriteEndObject();
            json.WriteStartObject("agent");
            json.WriteStartObject(ProvDocument.Agent);
            json.WriteStartObject("prov:type");
            json.WriteString("$", "prov:SoftwareAgent");
            json.WriteString("type", "prov:QUALIFIED_NAME");
            json.WriteEndObject();
            json.WriteString("prov:label", "Varve");
            json.WriteEndObject();
            json.WriteEndObject();
            Relations(json, "used", "u", document.Used.Select(static u => new[] { ("prov:activity", u.By.Name), ("prov:entity", u.Entity.Name) }));
            Relations(json, "wasGeneratedBy", "g", document.Generated.Select(static g => new[] { ("prov:entity", g.Entity.Name), ("prov:activity", g.By.Name) }));
            Relations(json, "wasDerivedFrom", "d", document.Derived.Select(static d => new[] { ("prov:generatedEntity", d.Made.Name), ("prov:usedEntity", d.From.Name), ("prov:activity", d.By.Name) }));
            Relations(json, "wasAssociatedWith", "a", document.Activities.Select(static a => new[] { ("prov:activity", a.Name), ("prov:agent", ProvDocument.Agent) }));
            if (document.Copy is { } copy) Relations(json, "alternateOf", "c", [[("prov:alternate1", copy.Asked.Name), ("prov:alternate2", copy.Made.Name)]]);
            json.WriteEndObject();
        }
        bytes.WriteByte((byte)'\n');
        return bytes.ToArray();
    }

    /// <summary>Facts of one name stand together, as a list when there are several.</summary>
    private static void Facts(Utf8JsonWriter json, IEnumerable<(string Name, string Value)> facts)
    {
        foreach (var group in facts.GroupBy(static f => f.Name, static f => f.Value))
        {
            var values = group.ToList();
            if (values.Count == 1)
            {
                json.WriteString(group.Key, values[0]);
                continue;
            }
            json.WriteStartArray(group.Key);
            foreach (var value in values) json.WriteStringValue(value);
            json.WriteEndArray();
        }
    }

    private static void Relations(Utf8JsonWriter json, string kind, string letter, IEnumerable<(string Name, string Value)[]> relations)
    {
        var number = 0;
        foreach (var relation in relations)
        {
            if (number == 0) json.WriteStartObject(kind);
            json.WriteStartObject($"_:{letter}{++number}");
            foreach (var (name, value) in relation) json.WriteString(name, value);
            json.WriteEndObject();
        }
        if (number > 0) json.WriteEndObject();
    }
}
