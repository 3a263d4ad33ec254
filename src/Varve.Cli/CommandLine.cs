using System.CommandLine;
using System.CommandLine.Help;

namespace Varve.Cli;

/// <summary>
/// Which commands there are, and how a line finds its command. Only the command that is asked for is made: making
/// them all would cost each call a millisecond.
/// </summary>
internal static class CommandLine
{
    private const string Exec = "exec", Shell = "sh", Try = "try";

    private static readonly (string Name, Func<Command> Make)[] Commands =
    [
        (Exec, ExecCommand.Make), ("run", RunCommand.Make), ("log", LogCommand.Make), ("show", ShowCommand.Make),
        (Shell, ShellCommand.Make), ("how", HowCommand.Make), ("export", ExportCommand.Make), ("why", WhyCommand.Make), ("recompute", RecomputeCommand.Make), ("diff", DiffCommand.Make),
        ("verify", VerifyCommand.Make), ("gc", GcCommand.Make), ("pin", PinCommand.Make), ("du", DuCommand.Make), ("serve", ServeCommand.Make),
        (Try, TryCommand.Make), ("undo", UndoCommand.Make), ("checkout", UndoCommand.MakeCheckout),
        ("label", LabelCommand.Make), ("find", FindCommand.Make), ("taint", TaintCommand.Make),
        ("raster", RasterCommand.Make), ("aoh", AohCommand.Make),
        ("snap", SnapCommand.Make), ("sync", SyncCommand.Make), ("data", DataCommand.Make),
    ];

    /// <summary>Follows one command line; returns the exit status.</summary>
    public static int Run(IReadOnlyList<string> args)
    {
        var name = NameIn(args);
        var root = Root(name);
        var isExec = name is Exec or Shell or Try;
        try
        {
            if (isExec) args = ExecCommand.Separate(args, root.Subcommands[0], name);
            var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
            if (parsed.Action is not HelpAction)
            {
                if (name.Length > 0 && parsed.CommandResult.Command == root)
                    throw new UsageException($"there is no command '{name}'; `varve --help` lists them");
                if (parsed.Errors.Count > 0) throw new UsageException($"{parsed.Errors[0].Message.TrimEnd('.')}; see `varve {name} --help`");
            }
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (Exception e)
        {
            return Failure.Report(e, args, isExec, verbose: args.TakeWhile(static a => a != "--").Any(static a => a is "--verbose" or "-v"));
        }
    }

    /// <summary>The root command with the command of this name, or with all of them when none is called so.</summary>
    internal static RootCommand Root(string name)
    {
        var root = new RootCommand("A lineage-first pipeline tool: nothing is declared, everything is observed.");
        root.Directives.Clear();
        foreach (var option in root.Options.Where(o => o is VersionOption).ToList()) root.Options.Remove(option);
        foreach (var option in CommonOptions.All) root.Add(option);
        var chosen = Commands.Where(c => c.Name == name).ToArray();
        foreach (var command in chosen.Length > 0 ? chosen : Commands) root.Add(command.Make());
        if (name.Length == 0) root.SetAction(parsed =>
        {
            new HelpAction().Invoke(parsed);
            return Failure.Usage;
        });
        return root;
    }

    /// <summary>The first word that is neither an option nor the value of <c>-C</c>.</summary>
    private static string NameIn(IReadOnlyList<string> args)
    {
        for (var i = 0; i < args.Count; i++)
        {
            if (args[i] == "-C") i++;
            else if (!args[i].StartsWith('-')) return args[i];
        }
        return "";
    }
}
