using System.Text.Json;
using Varve.Snapshots.Repository;

namespace Varve.Cli;

/// <summary>What <c>varve snap repo --json</c> prints.</summary>
internal static class RepositoryJson
{
    public static void Snapshot(Utf8JsonWriter json, SnapshotDescription s)
    {
        json.WriteString("snapshot", s.Name);
        json.WriteString("taken", s.Taken);
        json.WriteString("host", s.Host);
        json.WriteString("path", s.Path);
        json.WriteString("label", s.Label);
        json.WriteNumber("files", s.Files);
        json.WriteNumber("directories", s.Directories);
        json.WriteNumber("bytes", s.Bytes);
        json.WriteNumber("addedBytes", s.AddedBytes);
    }

    public static void Entry(Utf8JsonWriter json, SnapshotEntry e)
    {
        json.WriteString("name", e.ShownName);
        json.WriteBase64String("nameBytes", e.Name);
        json.WriteString("kind", e.Kind switch { EntryKind.File => "file", EntryKind.Directory => "directory", EntryKind.Link => "link", EntryKind.Fifo => "fifo", _ => "device" });
        json.WriteString("mode", Convert.ToString(e.Mode, 8).PadLeft(4, '0'));
        json.WriteNumber("uid", e.Uid);
        json.WriteNumber("gid", e.Gid);
        json.WriteNumber("modifiedNs", e.ModifiedNs);
        json.WriteNumber("bytes", e.Size);
        if (e.Kind == EntryKind.Link) json.WriteString("target", e.ShownTarget);
    }

    public static void Verification(Utf8JsonWriter json, VerifyReport report)
    {
        json.WriteNumber("objects", report.Objects);
        json.WriteNumber("bytes", report.Bytes);
        Texts(json, "repaired", report.Repaired);
        json.WriteStartArray("findings");
        foreach (var finding in report.Findings)
        {
            json.WriteStartObject();
            json.WriteString("object", finding.Object);
            json.WriteString("problem", finding.Problem);
            Texts(json, "affected", finding.Affected);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    public static void Texts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }
}
