using System.Text.Json;

namespace Varve.Export;

/// <summary>The flat graph of an RO-Crate (RO-Crate 1.1, JSON-LD): entities with types and properties, each under one identifier.</summary>
internal sealed class CrateGraph
{
    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly List<Entity> entities = [];
    private readonly Dictionary<string, Entity> known = new(StringComparer.Ordinal);

    /// <summary>An entity; properties of one name come out as a list when there are several.</summary>
    internal sealed class Entity(string id, string[] types)
    {
        private readonly List<(string Name, List<(string Text, bool IsReference)> Values)> properties = [];

        public string Id => id;
        public IReadOnlyList<string> Types => types;

        public Entity With(string name, string value) => Add(name, value, isReference: false);

        public Entity To(string name, string other) => Add(name, other, isReference: true);

        public Entity To(string name, IEnumerable<string> others)
        {
            foreach (var other in others) Add(name, other, isReference: true);
            return this;
        }

        private Entity Add(string name, string value, bool isReference)
        {
            var at = properties.FindIndex(p => p.Name == name);
            if (at < 0) properties.Add((name, [(value, isReference)]));
            else if (!properties[at].Values.Contains((value, isReference))) properties[at].Values.Add((value, isReference));
            return this;
        }

        internal void Write(Utf8JsonWriter json)
        {
            json.WriteStartObject();
            json.WriteString("@id", id);
            if (types.Length == 1) json.WriteString("@type", types[0]);
            else
            {
                json.WriteStartArray("@type");
                foreach (var type in types) json.WriteStringValue(type);
                json.WriteEndArray();
            }
            foreach (var (name, values) in properties)
            {
                json.WritePropertyName(name);
                if (values.Count > 1) json.WriteStartArray();
                foreach (var (text, isReference) in values)
                {
                    if (!isReference)
                    {
                        json.WriteStringValue(text);
                        continue;
                    }
                    json.WriteStartObject();
                    json.WriteString("@id", text);
                    json.WriteEndObject();
                }
                if (values.Count > 1) json.WriteEndArray();
            }
            json.WriteEndObject();
        }
    }

    /// <summary>The entity of an identifier; made when there is none.</summary>
    public Entity Of(string id, params string[] types)
    {
        if (!known.TryGetValue(id, out var entity))
        {
            known[id] = entity = new Entity(id, types);
            entities.Add(entity);
        }
        return entity;
    }

    public byte[] Write(params string[] contexts)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Readable))
        {
            json.WriteStartObject();
            json.WriteStartArray("@context");
            foreach (var context in contexts) json.WriteStringValue(context);
            json.WriteEndArray();
            json.WriteStartArray("@graph");
            foreach (var entity in entities) entity.Write(json);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        bytes.WriteByte((byte)'\n');
        return bytes.ToArray();
    }
}
