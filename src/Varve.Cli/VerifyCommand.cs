using System.CommandLine;
using Varve.Steps;
using Varve.Store;

namespace Varve.Cli;

/// <summary><c>varve verify</c>: checks every digest.</summary>
internal static class VerifyCommand
{
    public static Command Make()
    {
        var command = new Command("verify", "Check every digest in the store, and the database; what is damaged is set aside, so that its step runs again");
        command.SetAction(parsed => Run(CommonOptions.Of(parsed)));
        return command;
    }

    private static int Run(CommonOptions common)
    {
        using var rooms = Rooms.Open(new Settings());
        using var interrupt = new Interrupt(static () => { });
        var problems = rooms.Lineage.Problems();
        var report = Verification.Run(rooms.Home, interrupt.Token);
        if (common.Json)
        {
            using var output = Console.OpenStandardOutput();
            TraceJson.WriteLine(output, json =>
            {
                json.WriteNumber("blobs", report.Blobs);
                json.WriteNumber("bytes", report.Bytes);
                json.WriteStartArray("damaged");
                foreach (var blob in report.Damaged)
                {
                    json.WriteStartObject();
                    json.WriteString("digest", blob.Digest.ToString());
                    json.WriteString("problem", blob.Problem);
                    json.WriteString("setAside", TraceJson.Safe(blob.SetAside));
                    json.WriteEndObject();
                }
                json.WriteEndArray();
                TraceJson.Texts(json, "database", problems);
            });
        }
        else
        {
            foreach (var blob in report.Damaged)
                Console.Out.WriteLine(Words.Line($"damaged: {blob.Digest}: {blob.Problem}; {(blob.SetAside.Length > 0 ? $"set aside as {blob.SetAside}" : "it could not be set aside")}"));
            foreach (var problem in problems) Console.Out.WriteLine(Words.Line($"database: {problem}"));
            Console.Out.WriteLine($"{Words.Count(report.Blobs, "blob")}, {Words.Size(report.Bytes)}: {(report.Damaged.Count == 0 ? "all are what their names say" : $"{report.Damaged.Count} damaged; the steps that made them will run again")}{(problems.Count == 0 ? "; the database is sound" : "")}");
        }
        return report.Damaged.Count > 0 || problems.Count > 0 ? Failure.Damaged : 0;
    }
}
