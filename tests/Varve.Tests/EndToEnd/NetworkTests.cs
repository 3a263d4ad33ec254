using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>Steps whose network is recorded: what they fetch is kept, and holds without a network.</summary>
public sealed class NetworkTests
{
    /// <summary>The server of the tests is on this host's loopback, which a step takes for its own unless it is told to ask the proxy.</summary>
    private const string ByProxy = "export no_proxy= NO_PROXY=; ";

    private static Outcome Fetch(Trial trial, string script, params string[] options) => trial.Varve(["exec", "--json", "--net", "recorded", .. options, "--", "sh", "-c", ByProxy + script]);

    private static void Require(string program)
    {
        if (!File.Exists("/usr/bin/" + program)) Assert.Skip($"{program} is not installed");
    }

    [Theory]
    [InlineData("curl", "curl -sS -o got {0}/data.txt")]
    [InlineData("wget", "wget -q -O got {0}/data.txt")]
    [InlineData("python3", "python3 -c 'import urllib.request; open(\"got\", \"wb\").write(urllib.request.urlopen(\"{0}/data.txt\").read())'")]
    public void A_program_fetches_over_HTTPS_and_needs_no_network_the_next_time(string program, string script)
    {
        Require(program);
        using var trial = new Trial();
        string address;
        using (var upstream = new Upstream(secure: true))
        {
            address = upstream.Address;
            trial.Variables["SSL_CERT_FILE"] = trial.Write($"{trial.Host}/upstream.pem", upstream.Authority);
            upstream.Set("/data.txt", "from afar\n");
            var first = Fetch(trial, script.Replace("{0}", address, StringComparison.Ordinal)).Ran();
            Assert.Equal("from afar\n", trial.Read("got"));
            Assert.Equal([$"{address}/data.txt"], first.Trace.Fetched.Select(static f => f.Url));
        }
        File.Delete(trial.At("got"));
        Fetch(trial, script.Replace("{0}", address, StringComparison.Ordinal)).WasReused();
        Assert.Equal("from afar\n", trial.Read("got"));
        // Another step asks the same, and nobody is there to be asked.
        File.Delete(trial.At("got"));
        Fetch(trial, "echo again; " + script.Replace("{0}", address, StringComparison.Ordinal)).Ran();
        Assert.Equal("from afar\n", trial.Read("got"));
    }

    [Fact]
    public void Git_clones_over_HTTPS_and_again_without_a_network()
    {
        Require("git");
        using var trial = new Trial();
        using var upstream = new Upstream(secure: true);
        trial.Variables["SSL_CERT_FILE"] = trial.Write($"{trial.Host}/upstream.pem", upstream.Authority);
        trial.Plain(trial.Host, "sh", "-ec", "git init -q r; cd r; echo one > file; git add file; git -c user.name=a -c user.email=a@b commit -qm one; git update-server-info").Succeeded();
        upstream.Folder = trial.Host;
        Fetch(trial, $"git clone -q {upstream.Address}/r/.git copy && cat copy/file > file").Ran();
        Assert.Equal("one\n", trial.Read("file"));
        upstream.Dispose();
        Fetch(trial, $"git clone -q {upstream.Address}/r/.git other && cat other/file > file").Ran();
        Assert.Equal("one\n", trial.Read("other/file"));
    }

    [Fact]
    public void What_is_not_recorded_and_cannot_be_fetched_is_a_clear_error()
    {
        Require("curl");
        using var trial = new Trial();
        string address;
        using (var upstream = new Upstream()) address = upstream.Address;
        var outcome = Fetch(trial, $"curl -sS {address}/new");
        Assert.Contains($"varve: {address}/new is not recorded and could not be fetched", outcome.Output, StringComparison.Ordinal);
        Assert.Contains($"{address}/new is not recorded and could not be fetched", outcome.Said, StringComparison.Ordinal);
        Fetch(trial, $"curl -sS {address}/new").Ran();
    }

    [Fact]
    public void What_is_recorded_holds_until_it_is_asked_for_again_and_a_change_is_a_changed_input()
    {
        Require("curl");
        using var trial = new Trial();
        using var upstream = new Upstream();
        var script = $"curl -sS -o got {upstream.Address}/data";
        upstream.Set("/data", "old\n", "ETag: \"1\"");
        var before = Fetch(trial, script).Ran().Trace.Fetched.Single();
        upstream.Set("/data", "new\n", "ETag: \"2\"");
        Fetch(trial, script).WasReused();
        Fetch(trial, $"curl -sS {upstream.Address}/data > other").Ran();
        Assert.Equal("old\n", trial.Read("other"));

        var again = Fetch(trial, script, "--again").Ran();
        var after = again.Trace.Fetched.Single();
        Assert.Equal("new\n", trial.Read("got"));
        Assert.Contains($"{upstream.Address}/data changed: {before.Digest} to {after.Digest}", again.Said, StringComparison.Ordinal);
        var why = trial.Varve("why", "got").Succeeded().Output;
        Assert.Contains($"input {upstream.Address}/data: {before.Digest} | {after.Digest}", why, StringComparison.Ordinal);
        // The other step had counted on the old one.
        Fetch(trial, $"curl -sS {upstream.Address}/data > other").Ran();
        Assert.Equal("new\n", trial.Read("other"));

        upstream.Asked.Clear();
        Assert.Equal(after, Fetch(trial, script, "--again").Ran().Trace.Fetched.Single());
        Assert.Equal(["GET /data"], upstream.Asked);
    }

    [Fact]
    public void Recompute_sees_the_answers_of_then()
    {
        Require("curl");
        using var trial = new Trial();
        using var upstream = new Upstream();
        var script = $"curl -sS -o got {upstream.Address}/data";
        upstream.Set("/data", "old\n");
        var old = Fetch(trial, script).Ran().Trace.Execution;
        upstream.Set("/data", "new\n");
        Fetch(trial, script, "--again").Ran();
        Assert.StartsWith("same: ", trial.Varve("recompute", old).Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_download_that_breaks_off_goes_on_where_it_ended()
    {
        Require("curl");
        using var trial = new Trial();
        using var upstream = new Upstream { CutAfter = 60_000, Cuts = 1 };
        upstream.Pages["/big"] = new Page(new byte[200_000], ["ETag: \"b\""]);
        Fetch(trial, $"curl -sS -o got {upstream.Address}/big").Ran();
        Assert.Equal(200_000, new FileInfo(trial.At("got")).Length);
        Assert.Equal(["GET /big", "GET /big bytes=60000-"], upstream.Asked);
    }

    [Fact]
    public void A_download_that_broke_off_for_good_goes_on_in_the_next_run()
    {
        Require("curl");
        using var trial = new Trial();
        using var upstream = new Upstream { CutAfter = 60_000, Cuts = 1 };
        var page = upstream.Pages["/big"] = new Page(new byte[200_000], ["ETag: \"b\""]);
        upstream.OnCut = () => upstream.Pages["/big"] = new Page([], [], 503);
        var broken = Fetch(trial, $"curl -sS -o got {upstream.Address}/big");
        Assert.NotEqual(0, broken.ExitCode);
        Assert.Contains("broke off after 60000 bytes", broken.Said, StringComparison.Ordinal);
        upstream.Pages["/big"] = page;
        upstream.Asked.Clear();
        Fetch(trial, $"curl -sS -o got {upstream.Address}/big").Ran();
        Assert.Equal(200_000, new FileInfo(trial.At("got")).Length);
        Assert.Equal(["GET /big bytes=60000-"], upstream.Asked);
    }

    [Fact]
    public void A_part_of_what_is_here_whole_is_not_fetched()
    {
        Require("curl");
        using var trial = new Trial();
        using var upstream = new Upstream();
        upstream.Set("/data", "0123456789");
        Fetch(trial, $"curl -sS -o got {upstream.Address}/data").Ran();
        Fetch(trial, $"curl -sS -r 2-4 -o part {upstream.Address}/data").Ran();
        Assert.Equal("234", trial.Read("part"));
        Assert.Single(upstream.Asked);
    }

    [Fact]
    public void A_part_of_something_large_is_fetched_alone_and_kept_alone()
    {
        Require("curl");
        using var trial = new Trial();
        using var upstream = new Upstream();
        upstream.Set("/data", "0123456789");
        var first = Fetch(trial, $"curl -sS -r 2-4 -o part {upstream.Address}/data; curl -sS -r 7-8 -o end {upstream.Address}/data").Ran();
        Assert.Equal("234", trial.Read("part"));
        Assert.Equal("78", trial.Read("end"));
        Assert.Equal([206, 206], first.Trace.Fetched.Select(static f => f.Status));
    }

    [Fact]
    public void A_post_is_a_question_and_a_put_is_refused()
    {
        Require("curl");
        using var trial = new Trial();
        using var upstream = new Upstream();
        upstream.Set("/search", "found\n");
        Fetch(trial, $"curl -sS -d query=1 {upstream.Address}/search > got").Ran();
        Fetch(trial, $"curl -sS -d query=1 {upstream.Address}/search > same").Ran();
        Fetch(trial, $"curl -sS -d query=2 {upstream.Address}/search > got").Ran();
        Assert.Equal(2, upstream.Asked.Count);
        var put = Fetch(trial, $"curl -sS -T got {upstream.Address}/search");
        Assert.Contains("with --net recorded a step can ask", put.Output, StringComparison.Ordinal);
        Assert.Equal(2, upstream.Asked.Count);
    }

    [Fact]
    public void What_is_not_there_today_is_asked_for_again_the_next_time()
    {
        Require("curl");
        using var trial = new Trial();
        using var upstream = new Upstream();
        Assert.NotEqual(0, Fetch(trial, $"curl -fsS -o got {upstream.Address}/data").ExitCode);
        upstream.Set("/data", "there\n");
        Fetch(trial, $"curl -fsS -o got {upstream.Address}/data").Ran();
        Assert.Equal("there\n", trial.Read("got"));
    }

    [Fact]
    public void An_answer_that_says_later_is_passed_on_and_not_kept()
    {
        Require("curl");
        using var trial = new Trial();
        using var upstream = new Upstream();
        upstream.Pages["/data"] = new Page("busy\n"u8.ToArray(), [], 503);
        var outcome = Fetch(trial, $"curl -sS -o got {upstream.Address}/data");
        Assert.Equal("busy\n", trial.Read("got"));
        Assert.Contains("status 503", outcome.Said, StringComparison.Ordinal);
        upstream.Set("/data", "ready\n");
        Fetch(trial, $"curl -sS -o got {upstream.Address}/data").Ran();
        Assert.Equal("ready\n", trial.Read("got"));
    }

    [Fact]
    public void A_redirection_is_followed_and_both_answers_are_inputs()
    {
        Require("curl");
        using var trial = new Trial();
        using var upstream = new Upstream();
        upstream.Pages["/latest"] = new Page([], ["Location: /v1"], 302);
        upstream.Set("/v1", "one\n");
        var first = Fetch(trial, $"curl -sSL -o got {upstream.Address}/latest").Ran();
        Assert.Equal(["/latest", "/v1"], first.Trace.Fetched.Select(f => f.Url[upstream.Address.Length..]));
        upstream.Pages["/latest"] = new Page([], ["Location: /v2"], 302);
        upstream.Set("/v2", "two\n");
        Fetch(trial, $"curl -sSL -o got {upstream.Address}/latest", "--again").Ran();
        Assert.Equal("two\n", trial.Read("got"));
    }

    [Fact]
    public void A_password_does_not_stand_in_the_records()
    {
        Require("curl");
        using var trial = new Trial();
        using var upstream = new Upstream();
        upstream.Set("/data", "secret\n");
        trial.Variables["TOKEN"] = "hunter2hunter2";
        Fetch(trial, $"curl -sS -H \"Authorization: Bearer $TOKEN\" -o got {upstream.Address}/data", "--pass", "TOKEN").Ran();
        using var database = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={trial.Home}/lineage.db;Mode=ReadOnly;Pooling=False");
        database.Open();
        using var command = database.CreateCommand();
        command.CommandText = "SELECT asked FROM fetches";
        var asked = (string)command.ExecuteScalar()!;
        Assert.StartsWith("authorization: ", asked, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", asked, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_but_HTTP_gets_out()
    {
        Require("python3");
        using var trial = new Trial();
        var outcome = Fetch(trial, "python3 -c 'import socket; socket.create_connection((\"192.0.2.1\", 80), 2)'");
        Assert.NotEqual(0, outcome.ExitCode);
        Assert.Contains("with a recorded network there is HTTP and HTTPS only", outcome.Said, StringComparison.Ordinal);
    }

    [Fact]
    public void A_block_of_a_document_fetches_too_and_its_pipeline_is_written_with_the_network()
    {
        Require("curl");
        using var trial = new Trial();
        using var upstream = new Upstream();
        upstream.Set("/data", "one\n");
        trial.Write("doc.md", $"```sh name=get net=recorded\n{ByProxy}curl -sS -o raw {upstream.Address}/data\n```\n\n```sh name=use\nwc -l < raw > count\n```\n");
        trial.Varve("run", "doc.md").Succeeded();
        Assert.Equal("1\n", trial.Read("count").TrimStart());
        Assert.Contains($"{upstream.Address}/data", trial.Varve("how", "count").Succeeded().Output, StringComparison.Ordinal);
        var digest = Told.In(trial.Varve("show", "raw", "--json").Succeeded().Output).Fetched.Single().Digest;
        Assert.Contains("count", trial.Varve("find", "--input", digest).Succeeded().Output, StringComparison.Ordinal);
        Assert.Contains("net=recorded", trial.Varve("export", "count", "--as", "md").Succeeded().Output, StringComparison.Ordinal);
        upstream.Dispose();
        Assert.Equal(0, trial.Varve("recompute", "doc.md").ExitCode);
    }

    [Theory]
    [MemberData(nameof(People.All), MemberType = typeof(People))]
    public void Root_and_an_ordinary_user_fetch(string who)
    {
        Require("curl");
        using var trial = new Trial(who);
        using var upstream = new Upstream();
        upstream.Set("/data", "one\n");
        Fetch(trial, $"curl -sS -o got {upstream.Address}/data").Ran();
        Assert.Equal("one\n", trial.Read("got"));
    }
}
