using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>The build of a program that people use (Lua, from Debian's sources), held against the plain build and what gcc says it read.</summary>
public sealed class RealBuildTests
{
    private static readonly string[] Results = ["lua", "luac", "liblua.a"];

    public static TheoryData<string> Everyone => People.All;

    private static void Unpack(Trial trial, string sources)
    {
        foreach (var file in Directory.GetFiles($"{sources}/src")) trial.Write(Path.GetFileName(file), File.ReadAllText(file));
    }

    private static string Digests(Trial trial) => trial.Plain(trial.Workspace, ["sha256sum", .. Results]).Succeeded().Output;

    [Theory, MemberData(nameof(Everyone))]
    public void Lua_is_built_byte_for_byte_with_every_file_that_gcc_lists_in_the_trace_and_a_changed_header_builds_it_anew(string who)
    {
        Tools.Require("gcc", "gcc");
        Tools.Require("make", "make");
        var sources = DebianSources.Lua();
        using var plain = new Trial(who);
        using var trial = new Trial(who);
        foreach (var each in new[] { plain, trial }) Unpack(each, sources);
        string[] make = ["make", "-s", "-j2", "linux", "MYCFLAGS=-MD"];

        plain.Plain(plain.Workspace, make).Succeeded();
        var built = trial.Exec(make).Ran();
        Assert.Equal(Digests(plain), Digests(trial));
        foreach (var path in Dependencies.ListedBy(trial, trial.Workspace, atLeast: 500))
            Assert.True(built.Trace.Reads.ContainsKey(path), $"gcc read {path}, and the trace does not have it");

        trial.Exec(make).Succeeded();
        trial.Exec(make).WasReused();
        foreach (var each in new[] { plain, trial })
        {
            each.Write("luaconf.h", each.Read("luaconf.h").Replace("#define LUAI_MAXSTACK\t\t1000000", "#define LUAI_MAXSTACK\t\t2000000", StringComparison.Ordinal));
            each.Plain(each.Workspace, "touch", "luaconf.h").Succeeded();
        }
        plain.Plain(plain.Workspace, "make", "-s", "clean").Succeeded();
        plain.Plain(plain.Workspace, make).Succeeded();
        trial.Exec(make).Ran();
        Assert.Equal(Digests(plain), Digests(trial));
    }
}
