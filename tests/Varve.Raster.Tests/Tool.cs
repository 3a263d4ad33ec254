using System.Diagnostics;
using Xunit;

namespace Varve.Raster.Tests;

/// <summary>A program that says what is right: GDAL's.</summary>
internal static class Tool
{
    /// <summary>Runs it; a test whose tool is not installed is skipped.</summary>
    public static string Run(string program, params string[] arguments)
    {
        Process process;
        try
        {
            process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip($"{program} is not installed");
            return "";
        }
        using (process)
        {
            var error = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, error.Result);
            return output;
        }
    }

    /// <summary>Skips the test where libgdal is not installed.</summary>
    public static void NeedGdal() => Assert.SkipUnless(Gdal.Gdal.IsThere, "libgdal is not installed");
}
