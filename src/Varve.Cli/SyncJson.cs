using System.Text.Json;
using Varve.Snapshots.Replication;

namespace Varve.Cli;

/// <summary>A plan or a report of <c>varve sync --json</c>: a line for each dataset; docs/commands.md has the fields.</summary>
internal static class SyncJson
{
    public static void Write(Stream output, Side source, Side target, Transfer transfer) => TraceJson.WriteLine(output, json =>
    {
        json.WriteString("source", TraceJson.Safe(source.Of(transfer.Source)));
        Body(json, target, transfer);
        json.WriteBoolean("dryRun", true);
        if (transfer.Refusal.Length > 0) json.WriteString("failure", TraceJson.Safe(transfer.Refusal));
        Strings(json, "destroys", transfer.DestroysTarget ? [target.Of(transfer.Target)] : [.. transfer.Destroys.Select(s => target.Of(s.FullName))]);
    });

    public static void Write(Stream output, Side target, TransferResult result) => TraceJson.WriteLine(output, json =>
    {
        json.WriteString("source", TraceJson.Safe(result.Planned.Source));
        Body(json, target, result.Planned);
        json.WriteBoolean("dryRun", false);
        if (result.Failure.Length > 0) json.WriteString("failure", TraceJson.Safe(result.Failure));
        json.WriteNumber("bytes", result.Bytes);
        json.WriteNumber("bytesOnWire", result.BytesOnWire);
        json.WriteNumber("seconds", Math.Round(result.Seconds, 3));
        Strings(json, "destroyed", result.Destroyed);
        Strings(json, "warnings", result.Warnings);
    });

    private static void Body(Utf8JsonWriter json, Side target, Transfer transfer)
    {
        json.WriteString("target", TraceJson.Safe(target.Of(transfer.Target)));
        json.WriteString("action", transfer.Action switch { TransferAction.Nothing => "nothing", TransferAction.Full => "full", TransferAction.Increment => "increment", TransferAction.Resume => "resume", _ => "refused" });
        json.WriteString("mode", transfer.Raw ? "raw" : "plain");
        if (transfer.Base.Length > 0) json.WriteString("base", TraceJson.Safe(transfer.Base));
        if (transfer.Newest.Length > 0) json.WriteString("newest", TraceJson.Safe(transfer.Newest));
        json.WriteNumber("snapshots", transfer.Brings.Count);
        if (transfer.EstimatedBytes is { } bytes) json.WriteNumber("estimatedBytes", bytes);
    }

    private static void Strings(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteStringValue(TraceJson.Safe(value));
        json.WriteEndArray();
    }
}
