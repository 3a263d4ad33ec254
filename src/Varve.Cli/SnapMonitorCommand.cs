using System.CommandLine;
using Varve.Snapshots.Keeping;

namespace Varve.Cli;

/// <summary><c>varve snap monitor</c>: for Nagios, which reads a line and the exit status, or Prometheus, which reads metrics.</summary>
internal static class SnapMonitorCommand
{
    private const int Unknown = 3;

    public static Command Make()
    {
        var config = SnapOptions.Config();
        var zone = SnapOptions.Zone();
        var capacity = new Option<bool>("--capacity") { Description = "How full the pools are, instead of how old the snapshots" };
        var prometheus = new Option<bool>("--prometheus") { Description = "Metrics in the text format of Prometheus" };
        var command = new Command("monitor", "Whether snapshots are fresh: one line, and exit status 0 fine, 1 warning, 2 critical, 3 not known") { config, zone, capacity, prometheus };
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            MonitorReport report;
            try
            {
                var keeper = SnapOptions.Keeper(parsed.GetValue(config), parsed.GetValue(zone));
                var now = SnapOptions.Now();
                var plans = keeper.Plan(now);
                if (parsed.GetValue(prometheus))
                {
                    Console.Out.Write(Monitors.Prometheus(plans, now));
                    return 0;
                }
                report = parsed.GetValue(capacity) ? Monitors.Capacity(plans) : Monitors.Snapshots(plans, keeper.Missing, now);
            }
            catch (Varve.Snapshots.SnapshotException e)
            {
                report = new MonitorReport(Unknown, $"UNKNOWN: {e.Message}");
            }
            if (!common.Json)
            {
                Console.Out.WriteLine(Words.Line(report.Text));
                return report.Status;
            }
            using var output = Console.OpenStandardOutput();
            TraceJson.WriteLine(output, json =>
            {
                json.WriteNumber("status", report.Status);
                json.WriteString("text", TraceJson.Safe(report.Text));
            });
            return report.Status;
        });
        return command;
    }
}
