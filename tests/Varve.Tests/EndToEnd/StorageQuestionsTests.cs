using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>`bench/storage/questions.sh`, small: on a btrfs in a file and in a plain folder, with everything gone afterwards.</summary>
public sealed class StorageQuestionsTests
{
    private static readonly string[] Small = ["--small", "--counts", "3", "--without", "Borg,restic"];

    [Fact]
    public void The_open_questions_of_storage_are_answered_with_figures_plots_and_a_recommendation()
    {
        using var trial = Ready();
        var asked = Asking(trial, [.. Small, "--out", trial.At("report.html"), "loop"]).End(TimeSpan.FromMinutes(4)).Succeeded();
        Assert.DoesNotContain("Not answered", asked.Output, StringComparison.Ordinal);
        foreach (var words in (string[])["btrfs in a file of its own", "An encrypted repository (AES-256-GCM) beside one that is not", "Keep up to", "A listing of 3 takes", "the space of", "A walk costs", "A copy by btrfs send can be read after"])
            Assert.Contains(words, asked.Output, StringComparison.Ordinal);
        var page = File.ReadAllText(trial.At("report.html"));
        Assert.Contains("<h2>Recommendation</h2>", page, StringComparison.Ordinal);
        Assert.True(page.Split("<svg").Length > 20, "the plots are missing");

        Directory.CreateDirectory(trial.At("plain"));
        var plain = Asking(trial, [.. Small, "--questions", "counts,purge", "--out", trial.At("plain.md"), trial.At("plain")]).End(TimeSpan.FromMinutes(4)).Succeeded();
        Assert.Contains("keep as many as the policy wants", plain.Output, StringComparison.Ordinal);
        Assert.Equal(plain.Output, trial.Read("plain.md"));
        Assert.Empty(Directory.GetFileSystemEntries(trial.At("plain")));
        NothingLeft(trial);
    }

    [Fact]
    public void Interrupted_questions_leave_nothing_behind()
    {
        using var trial = Ready();
        var asking = Asking(trial, [.. Small, "--out", trial.At("report.html"), "loop"]);
        for (var tries = 0; tries < 1000 && !Mounts(trial).Any(); tries++) Thread.Sleep(20);
        Assert.NotEmpty(Mounts(trial));
        Tools.Run("kill", "-INT", $"{asking.Process.Id}");

        Assert.Equal(130, asking.End(TimeSpan.FromMinutes(1)).ExitCode);
        Assert.False(File.Exists(trial.At("report.html")));
        NothingLeft(trial);
    }

    private static Trial Ready([System.Runtime.CompilerServices.CallerMemberName] string test = "")
    {
        People.RequireRoot("only root can mount a btrfs on a loop device");
        Tools.Require("python3", "python3");
        Tools.Require("mkfs.btrfs", "btrfs-progs");
        var trial = new Trial(test: test);
        var disk = trial.At("probe");
        var (code, said) = Tools.Run("sh", "-c", $"truncate -s 128M {disk} && mkfs.btrfs -q {disk} && mkdir {disk}.m && mount -o loop {disk} {disk}.m && umount {disk}.m; code=$?; rm -rf {disk} {disk}.m; exit $code");
        if (code != 0)
        {
            trial.Dispose();
            Assert.Skip($"a btrfs cannot be mounted here: {said.Trim()}");
        }
        trial.Variables["TMPDIR"] = trial.Host;
        trial.Variables["VARVE_PROGRAM"] = Grounds.Program;
        return trial;
    }

    private static Running Asking(Trial trial, string[] arguments) => trial.Begin([$"{Checkout.Root}/bench/storage/questions.sh", .. arguments], trial.Workspace, null);

    private static IEnumerable<string> Mounts(Trial trial) => File.ReadAllLines("/proc/mounts").Where(line => line.Contains(trial.Host, StringComparison.Ordinal));

    private static void NothingLeft(Trial trial)
    {
        Assert.Empty(Mounts(trial));
        Assert.Empty(Directory.GetFileSystemEntries(trial.Host));
    }
}
