using Microsoft.Data.Sqlite;
using Varve.Documents;
using Varve.Lineage;
using Varve.Raster;
using Varve.Raster.Expressions;
using Varve.Running;
using Varve.Snapshots;
using Varve.Snapshots.Mounting;
using Varve.Steps;
using Varve.Store;

namespace Varve.Cli;

/// <summary>What Varve's own failures say on standard error, one line each, and their exit status.</summary>
internal static class Failure
{
    public const int Usage = 2, StepFailed = 3, NoSandbox = 4, Damaged = 5, Interrupted = 130;
    /// <summary>No failure: what was compared is not the same, as `diff` and `cmp` have it.</summary>
    public const int Different = 1;
    /// <summary>For `exec`, whose other statuses are the command's own, as `env` and `timeout` have it.</summary>
    public const int ExecFailed = 125;

    /// <summary>SQLITE_FULL (https://sqlite.org/rescode.html).</summary>
    private const int Full = 13;

    /// <summary>Says what went wrong; returns the exit status.</summary>
    public static int Report(Exception failure, IReadOnlyList<string> args, bool isExec, bool verbose)
    {
        var (status, text) = failure switch
        {
            OperationCanceledException => (Interrupted, "interrupted"),
            UsageException or SettingsException or NotKnownException or NoChainException or NotPortableException or DocumentException or ConflictException => (Usage, failure.Message),
            ExpressionException => (Usage, failure.Message),
            SnapshotException => (Usage, failure.Message),
            Varve.Snapshots.Datasets.TargetException => (NoSandbox, failure.Message),
            RasterException => (NoSandbox, failure.Message),
            StepRefusedException => (NoSandbox, failure.Message),
            DamagedLineageException or DamagedStoreException => (Damaged, failure.Message),
            SqliteException { SqliteErrorCode: Full } => (NoSandbox, "the disk that holds VARVE_HOME is full, and the step could not be recorded; free some space (varve gc) and run again"),
            SqliteException => (Damaged, $"the database cannot be used: {failure.Message}"),
            IOException or UnauthorizedAccessException => (NoSandbox, failure.Message),
            _ => (NoSandbox, $"internal error: {failure.GetType().Name}: {failure.Message}" + (verbose ? "" : " (this is a fault in Varve; --verbose says where)")),
        };
        if (DeadMounts.Cure(m => text.Contains(m, StringComparison.Ordinal) || args.Any(a => IsAt(a, m))) is { Length: > 0 } cure) text += $"; {cure}";
        // An expression is shown below what is wrong with it.
        Console.Error.WriteLine($"varve: {(failure is ExpressionException ? text : text.ReplaceLineEndings(" "))}");
        if (verbose) Console.Error.WriteLine(failure);
        return isExec && status != Interrupted ? ExecFailed : status;
    }

    /// <summary>Whether a word of the line is a path of this folder, or below it.</summary>
    private static bool IsAt(string word, string folder)
    {
        if (word.Length == 0 || word[0] == '-' || word.Contains('\0')) return false;
        try
        {
            var path = CommonOptions.Absolute(word);
            return path == folder || path.StartsWith(folder + "/", StringComparison.Ordinal);
        }
        catch (UsageException)
        {
            return false;
        }
    }
}
