using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Varve.Snapshots;
using Varve.Snapshots.Datasets;
using Varve.Snapshots.Volumes;
using Varve.Snapshots.Keeping;

namespace Varve.Cli;

/// <summary><c>varve data status</c>: ages, gaps, copies and capacity of all datasets on all hosts, and the clones of this one.</summary>
internal static class DataStatusCommand
{
    private const int Unknown = 3;

    public static Command Make()
    {
        var datasets = new Argument<string[]>("dataset") { Description = "Only these", HelpName = "DATASET", Arity = ArgumentArity.ZeroOrMore };
        var offline = new Option<bool>("--offline") { Description = "As far as is known here, without a question to other hosts" };
        var nagios = new Option<bool>("--nagios") { Description = "One line, and exit status 0 fine, 1 warning, 2 critical, 3 not known" };
        var prometheus = new Option<bool>("--prometheus") { Description = "Metrics in the text format of Prometheus" };
        var command = new Command("status", "All datasets on all hosts: ages, gaps, copies, capacity; and how far clones are") { datasets, offline, nagios, prometheus };
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            var host = DataCommand.Here();
            try
            {
                var troubles = parsed.GetValue(offline) ? new Dictionary<string, string>() : Fleet.Ask(host, SshOptions.OfMany);
                var fleet = Fleet.Of(host.Catalogue, troubles, parsed.GetValue(datasets)!);
                if (parsed.GetValue(nagios)) return Say(common, Fleet.Nagios(fleet));
                if (parsed.GetValue(prometheus)) Console.Out.Write(Fleet.Prometheus(fleet, LocalHost.Now()));
                else if (common.Json) Json(host, fleet);
                else Print(Console.Out, host, fleet, LocalHost.Now());
                return 0;
            }
            catch (SnapshotException e) when (parsed.GetValue(nagios))
            {
                return Say(common, new MonitorReport(Unknown, $"UNKNOWN: {e.Message}"));
            }
        });
        return command;
    }

    private static int Say(CommonOptions common, MonitorReport report)
    {
        if (!common.Json) Console.Out.WriteLine(Words.Line(report.Text));
        else
        {
            using var output = Console.OpenStandardOutput();
            TraceJson.WriteLine(output, json =>
            {
                json.WriteNumber("status", report.Status);
                json.WriteString("text", TraceJson.Safe(report.Text));
            });
        }
        return report.Status;
    }

    private static void Print(TextWriter output, LocalHost host, IReadOnlyList<FleetDataset> fleet, long now)
    {
        var rows = new List<string[]> { (string[])["DATASET", "HOST", "NEWEST", "AGE", "BEHIND", "SNAPSHOTS", "COPIES", "FULL", "FREE", ""] };
        foreach (var dataset in fleet)
        {
            if (dataset.Rows.Count == 0) rows.Add([dataset.Dataset, "-", "", "", "", "", $"0 of {dataset.Wanted}", "", "", "no host holds it"]);
            foreach (var (i, row) in dataset.Rows.Index())
            {
                var newest = row.Holding.Newest;
                var note = row.Trouble.Length > 0 ? $"not reached, known {Words.When(DateTimeOffset.FromUnixTimeSeconds(row.KnownAt))} UTC" : row.Holding.IsLeaving ? "about to be dropped" : newest is null ? "no snapshot" : "";
                rows.Add([
                    i == 0 ? dataset.Dataset : "", row.Host, newest?.Name ?? "-", newest is null ? "" : Words.Time(TimeSpan.FromSeconds(Math.Max(0, now - newest.CreatedAt))), row.Behind > 0 ? row.Behind.ToString(CultureInfo.InvariantCulture) : "-",
                    row.Holding.Count.ToString(CultureInfo.InvariantCulture), i == 0 ? $"{dataset.Copies} of {dataset.Wanted}{(dataset.Missing > 0 ? " !" : "")}" : "", $"{row.Holding.FullPercent} %", Words.Size(row.Holding.AvailableBytes), note]);
            }
        }
        if (fleet.Count == 0) output.WriteLine("no dataset is known; `varve data add` names one of this host, `varve data join HOST` asks another");
        else
        {
            var widths = Enumerable.Range(0, rows[0].Length).Select(c => rows.Max(r => r[c].Length)).ToArray();
            foreach (var row in rows) output.WriteLine(Words.Line(string.Join("  ", row.Select((text, c) => text.PadRight(widths[c]))).TrimEnd()));
        }
        foreach (var state in CloneState.All(host.ClonesFolder).Where(static s => !s.IsDone))
        {
            var percent = state.Bytes > 0 ? state.BytesDone * 100 / state.Bytes : 0;
            var how = state.IsRunning(host.ClonesFolder) ? $"coming from {(state.From.Length > 0 ? state.From : "the nearest host")}" : state.OnlyFirst ? "only the paths named" : $"stopped{(state.Trouble.Length > 0 ? $": {state.Trouble}" : "")}; `varve data clone {state.Dataset}` goes on";
            output.WriteLine(Words.Line($"clone of {state.Dataset}@{state.LocalName} to {state.Target}: {state.FilesDone:#,0} of {Words.Count(state.Files, "file")}, {Words.Size(state.BytesDone)} of {Words.Size(state.Bytes)} ({percent} %), {how}"));
        }
    }

    private static void Json(LocalHost host, IReadOnlyList<FleetDataset> fleet)
    {
        using var output = Console.OpenStandardOutput();
        TraceJson.WriteLine(output, json =>
        {
            json.WriteStartArray("datasets");
            foreach (var dataset in fleet)
            {
                json.WriteStartObject();
                json.WriteString("dataset", dataset.Dataset);
                json.WriteNumber("copies", dataset.Copies);
                json.WriteNumber("wanted", dataset.Wanted);
                if (dataset.Newest is { } newest) Snapshot(json, "newest", newest);
                json.WriteStartArray("hosts");
                foreach (var row in dataset.Rows)
                {
                    json.WriteStartObject();
                    json.WriteString("host", row.Host);
                    json.WriteString("at", TraceJson.Safe(row.Holding.At));
                    json.WriteNumber("behind", row.Behind);
                    json.WriteNumber("snapshots", row.Holding.Count);
                    if (row.Holding.Newest is { } own) Snapshot(json, "newest", own);
                    json.WriteNumber("available", row.Holding.AvailableBytes);
                    json.WriteNumber("full", row.Holding.FullPercent);
                    json.WriteBoolean("leaving", row.Holding.IsLeaving);
                    json.WriteBoolean("reached", row.Trouble.Length == 0);
                    if (row.Trouble.Length > 0) json.WriteString("trouble", TraceJson.Safe(row.Trouble));
                    json.WriteNumber("knownAt", row.KnownAt);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteStartArray("clones");
            foreach (var state in CloneState.All(host.ClonesFolder))
            {
                json.WriteStartObject();
                json.WriteBoolean("running", state.IsRunning(host.ClonesFolder));
                json.WritePropertyName("clone");
                state.Write(json);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });
    }

    /// <summary>A host's part of a dataset, with its snapshots.</summary>
    public static void Holder(Utf8JsonWriter json, HostRecord host, Holding holding)
    {
        json.WriteString("host", host.Name);
        json.WriteString("address", host.Address);
        json.WriteString("at", TraceJson.Safe(holding.At));
        json.WriteNumber("knownAt", host.At);
        json.WriteBoolean("leaving", holding.IsLeaving);
        json.WriteNumber("count", holding.Count);
        json.WriteStartArray("snapshots");
        foreach (var snapshot in holding.Snapshots) Snapshot(json, null, snapshot);
        json.WriteEndArray();
    }

    private static void Snapshot(Utf8JsonWriter json, string? name, HeldSnapshot snapshot)
    {
        if (name is null) json.WriteStartObject();
        else json.WriteStartObject(name);
        json.WriteString("name", TraceJson.Safe(snapshot.Name));
        json.WriteString("guid", snapshot.Guid.ToString(CultureInfo.InvariantCulture));
        json.WriteNumber("createdAt", snapshot.CreatedAt);
        json.WriteEndObject();
    }
}
