using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Varve.Raster;
using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>Maps within a control group of little memory, alone and beside a process that takes it.</summary>
public sealed partial class MemoryGroupTests : IDisposable
{
    private const int Mega = 1 << 20;
    private readonly Played here = new();

    public MemoryGroupTests()
    {
        var grid = new Grid(500000, 4000000, 100, -100, 40, 30, Projection.OfEpsg(32612));
        Raster.Raster.FromArray<short>([.. Enumerable.Range(0, 1200).Select(static i => (short)i)], PixelType.Int16, grid).Write(here.At("e.tif"));
    }

    public void Dispose() => here.Dispose();

    [GeneratedRegex(@"of (?<size>[\d.]+) (?<unit>kB|MB|GB) allowed", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Allowed();

    [Fact]
    public void A_map_larger_than_the_memory_of_its_group_is_computed_within_it()
    {
        here.Varve("raster", "warp", "e.tif", "--step", "1", "-o", "large.tif");
        using var group = ControlGroup.Make(96 * Mega);
        using var process = group.Start(here.Folder, Checkout.Program, "raster", "calc", "l * 2.5 + sqrt(l)", "-l", "l=large.tif", "-o", "out.tif", "-v");
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error);
        Assert.Equal(0, group.Killed);
        // Half of what the group has, which is less than the 96 MB of the result.
        var allowed = Allowed().Match(error);
        Assert.True(allowed is { Success: true } && allowed.Groups["unit"].Value == "MB" && double.Parse(allowed.Groups["size"].Value, CultureInfo.InvariantCulture) <= 48 * 1.05, error);
        // Each pixel became 100 x 100.
        double Sum(params string[] words) => double.Parse(here.Varve(["raster", "sum", .. words]), CultureInfo.InvariantCulture);
        Assert.Equal(1, Sum("out.tif") / Sum("e * 2.5 + sqrt(e)", "-l", "e=e.tif") / 10_000, 1e-9);
    }

    [Fact]
    public async Task When_another_process_takes_the_memory_a_map_goes_on_with_less()
    {
        const int Limit = 400 * Mega;
        here.Varve("raster", "warp", "e.tif", "--step", "5", "-o", "large.tif");
        using var group = ControlGroup.Make(Limit);
        using var process = group.Start(here.Folder, Checkout.Program, "raster", "calc", "focal_median(l, 7)", "-l", "l=large.tif", "-o", "out.tif", "-v", "-j", "2");
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        // It is at work when it holds its memory.
        var clock = Stopwatch.StartNew();
        while (group.Held < 30 * Mega && !process.HasExited && clock.Elapsed < TimeSpan.FromSeconds(20)) await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.False(process.HasExited, "the map was computed before it could be disturbed");
        using var other = group.Start(here.Folder, "python3", "-c", $"import time, sys; taken = bytearray(b'x') * {Limit - group.Held - 36 * Mega}; print('taken', flush=True); sys.stdin.read()");
        var said = await other.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        other.StandardInput.Close();
        await other.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal("taken", said);
        var told = await error;
        Assert.True(process.ExitCode == 0, told);
        Assert.Equal(0, group.Killed);
        Assert.Contains("memory given back", told, StringComparison.Ordinal);
        Assert.Equal(here.Varve("raster", "sum", "focal_median(l, 7)", "-l", "l=large.tif"), here.Varve("raster", "sum", "out.tif"));
    }
}
