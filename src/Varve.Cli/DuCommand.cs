using System.CommandLine;
using Varve.Lineage;
using Varve.Steps;
using Varve.Store;

namespace Varve.Cli;

/// <summary><c>varve du</c>: where the space goes.</summary>
internal static class DuCommand
{
    private const int MostOwners = 20;

    public static Command Make()
    {
        var command = new Command("du", "Where the space goes: the store by what it is for, and by what made it");
        command.SetAction(parsed => Run(CommonOptions.Of(parsed)));
        return command;
    }

    private static int Run(CommonOptions common)
    {
        using var rooms = Rooms.Open(new Settings());
        var report = Sizes.Of(rooms.Home, rooms.Lineage);
        if (!common.Json)
        {
            Print(Console.Out, rooms.Home, report, common.Verbose ? int.MaxValue : MostOwners);
            return 0;
        }
        using var output = Console.OpenStandardOutput();
        TraceJson.WriteLine(output, json =>
        {
            json.WriteString("home", TraceJson.Safe(rooms.Home.Folder));
            foreach (var (name, lines) in ((string, IReadOnlyList<SizeLine>)[])[("store", report.Store), ("owners", report.Owners), ("folders", report.Folders)])
            {
                json.WriteStartArray(name);
                foreach (var line in lines)
                {
                    json.WriteStartObject();
                    json.WriteString("name", TraceJson.Safe(line.Name));
                    json.WriteNumber("files", line.Files);
                    json.WriteNumber("bytes", line.Bytes);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            }
        });
        return 0;
    }

    internal static void Print(TextWriter output, VarveHome home, SizeReport report, int mostOwners)
    {
        void Line(SizeLine line, string indent) => output.WriteLine(Words.Line($"{Words.Size(line.Bytes),10}  {line.Files,10:#,0}  {indent}{line.Name}"));
        output.WriteLine(Words.Line(home.Folder));
        Line(new SizeLine("store", report.Store.Sum(static s => s.Files), report.Store.Sum(static s => s.Bytes)), "");
        foreach (var line in report.Store.Where(static s => s.Files > 0)) Line(line, "  ");
        foreach (var line in report.Folders.Where(static f => f.Files > 0)) Line(line, "");
        if (report.Owners.Count == 0) return;
        output.WriteLine("results, by what made them");
        foreach (var line in report.Owners.Where(static o => o.Files > 0).Take(mostOwners)) Line(line, "  ");
    }
}
