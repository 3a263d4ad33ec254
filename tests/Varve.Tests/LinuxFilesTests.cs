using Varve.Linux;
using Xunit;

namespace Varve.Tests;

/// <summary>What the calls on files promise while somebody else changes them.</summary>
public sealed class LinuxFilesTests
{
    [Fact]
    public async Task A_folder_that_is_removed_while_it_is_listed_is_there_or_not_and_never_an_error()
    {
        var above = Directory.CreateTempSubdirectory("varve-files-").FullName;
        var folder = $"{above}/scratch";
        using var enough = new CancellationTokenSource();
        var somebodyElse = Task.Run(() =>
        {
            while (!enough.IsCancellationRequested)
            {
                Files.MakeDirectory(folder);
                Files.RemoveTree(folder);
            }
        }, TestContext.Current.CancellationToken);
        for (var i = 0; i < 50_000; i++) Assert.True(Files.List(folder) is null or []);
        await enough.CancelAsync();
        await somebodyElse;
        Directory.Delete(above, recursive: true);
    }
}
