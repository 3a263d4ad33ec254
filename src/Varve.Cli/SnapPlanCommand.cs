using System.CommandLine;
using Varve.Snapshots.Keeping;

namespace Varve.Cli;

/// <summary><c>varve snap plan</c>: what a prune would destroy, and why each other snapshot stays. Changes nothing.</summary>
internal static class SnapPlanCommand
{
    public static Command Make()
    {
        var config = SnapOptions.Config();
        var zone = SnapOptions.Zone();
        var datasets = new Argument<string[]>("dataset") { Description = "Only these datasets", HelpName = "DATASET", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("plan", "What a prune would destroy, and which rule keeps each survivor") { config, zone, datasets };
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            var keeper = SnapOptions.Keeper(parsed.GetValue(config), parsed.GetValue(zone));
            var plans = keeper.Plan(SnapOptions.Now());
            var only = parsed.GetValue(datasets)!;
            foreach (var name in only.Where(n => plans.All(p => p.Dataset.Name != n))) throw new UsageException($"{name}: the configuration says nothing of it, or there is no such dataset");
            using var output = new StreamWriter(Console.OpenStandardOutput());
            foreach (var plan in plans.Where(p => only.Length == 0 || only.Contains(p.Dataset.Name)))
            {
                if (common.Json) Json(output.BaseStream, plan);
                else Print(output, plan);
            }
            foreach (var name in keeper.Missing) Console.Error.WriteLine(Words.Line($"varve: {name}: the configuration names it, and there is no such dataset"));
            return keeper.Missing.Count > 0 ? Failure.StepFailed : 0;
        });
        return command;
    }

    private static void Print(StreamWriter output, DatasetPlan plan)
    {
        output.WriteLine(Words.Line($"{plan.Dataset.Name}: {plan.Prune.Kept} stay, {plan.Prune.Destroyed} go{(plan.Refusal.Length > 0 && plan.Prune.Destroyed > 0 ? $", but not now: {plan.Refusal}" : "")}"));
        var width = plan.Prune.Verdicts.Count == 0 ? 0 : plan.Prune.Verdicts.Max(static v => v.Snapshot.Name.Length);
        foreach (var verdict in plan.Prune.Verdicts)
            output.WriteLine(Words.Line($"  {(verdict.Destroy ? "destroy" : "keep   ")}  {verdict.Snapshot.Name.PadRight(width)}  {verdict.Text}"));
    }

    private static void Json(Stream output, DatasetPlan plan)
    {
        foreach (var verdict in plan.Prune.Verdicts)
        {
            TraceJson.WriteLine(output, json =>
            {
                json.WriteString("snapshot", TraceJson.Safe(verdict.Snapshot.FullName));
                json.WriteString("guid", verdict.Snapshot.Guid.ToString(System.Globalization.CultureInfo.InvariantCulture));
                json.WriteNumber("createdAt", verdict.Snapshot.CreatedAt);
                json.WriteString("action", verdict.Destroy ? "destroy" : "keep");
                json.WriteString("reason", TraceJson.Safe(verdict.Text));
                if (verdict.Destroy && plan.Refusal.Length > 0) json.WriteString("notNow", TraceJson.Safe(plan.Refusal));
            });
        }
    }
}
