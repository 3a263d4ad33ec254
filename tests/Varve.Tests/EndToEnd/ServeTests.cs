using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>`varve serve`: who comes in, what can be fetched, and awkward contents.</summary>
public sealed class ServeTests
{
    private const string Document = """
        # Numbers

        Some *prose*.

        ```sh name=numbers
        seq 5 > numbers.txt; echo said
        ```

        ```sh name=table
        echo "a,b" > table.csv; while read n; do echo "$n,$((n * n))" >> table.csv; done < numbers.txt
        ```
        """;

    private static Trial Workspace()
    {
        var trial = new Trial();
        trial.Write("pipeline.md", Document);
        trial.Varve("run", "pipeline.md").Succeeded();
        return trial;
    }

    [Fact]
    public void Only_who_brings_the_token_to_the_right_name_comes_in()
    {
        using var trial = Workspace();
        using var served = new Served(trial);
        Assert.StartsWith("HTTP/1.1 403 ", served.Ask("/", withToken: false), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 403 ", served.Ask("/?token=" + new string('0', 48), withToken: false), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 403 ", served.Ask("/raw/numbers.txt", withToken: false), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 421 ", served.Ask("/", host: "evil.example:" + served.Address.Port), StringComparison.Ordinal);
        var welcomed = served.Ask("/?token=" + served.Token, withToken: false);
        Assert.StartsWith("HTTP/1.1 303 ", welcomed, StringComparison.Ordinal);
        Assert.Contains("HttpOnly", welcomed, StringComparison.Ordinal);
        Assert.Contains("Content-Security-Policy: default-src 'none'", served.Page("/"), StringComparison.OrdinalIgnoreCase);
        Assert.Equal(0, served.End());
    }

    [Fact]
    public void Datasets_are_shown_as_this_host_knows_them_and_without_any_it_is_said_what_to_do()
    {
        using var trial = Workspace();
        var state = trial.Home + "-state";
        using (var served = new Served(trial, ("VARVE_STATE", state))) Assert.Contains("varve data add", served.Page("/datasets"), StringComparison.Ordinal);
        Directory.CreateDirectory(state);
        File.WriteAllText(state + "/catalogue.json", """
            {"format":"varve catalogue 1","datasets":[{"dataset":"land/<b>cover","copies":3,"version":1,"by":"alpha"}],
             "hosts":[{"host":"alpha","address":"alpha","version":1,"at":1795000000,"holds":[{"dataset":"land/<b>cover","at":"/data","available":1000000,"full":96,"count":2,"snapshots":[{"name":"one","guid":"1","created":1794000000},{"name":"two","guid":"2","created":1794900000}]}]},
                      {"host":"beta","address":"root@beta","version":1,"at":1795000000,"holds":[{"dataset":"land/<b>cover","at":"/data","available":5,"full":10,"count":1,"snapshots":[{"name":"one","guid":"1","created":1794000000}]}]}]}
            """);
        using (var served = new Served(trial, ("VARVE_STATE", state)))
        {
            var page = served.Page("/datasets");
            foreach (var part in (string[])["land/&lt;b&gt;cover", "1 of 3", "1 behind", "root@beta", "96 percent full", "<b>2</b> copies are missing"]) Assert.Contains(part, page, StringComparison.Ordinal);
            File.WriteAllText(state + "/catalogue.json", "{");
            Assert.Contains("is no catalogue", served.Ask("/datasets"), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("/files/../../../../../../../../etc/passwd")]
    [InlineData("/files/..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd")]
    [InlineData("/raw/..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc/passwd")]
    [InlineData("/raw/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd")]
    [InlineData("/raw/%252e%252e%252fetc%252fpasswd")]
    [InlineData("/raw//etc/passwd")]
    [InlineData("/raw/%2fetc%2fpasswd")]
    [InlineData("/raw/out")]
    [InlineData("/raw/folder/passwd")]
    [InlineData("/files/out")]
    [InlineData("/map/out")]
    [InlineData("/assets/..%2f..%2fetc%2fpasswd")]
    [InlineData("/raw/numbers.txt?digest=../../../../etc/passwd")]
    public void No_path_leads_outside_the_workspace(string target)
    {
        using var trial = new Trial();
        File.CreateSymbolicLink(trial.At("out"), "/etc/passwd");
        File.CreateSymbolicLink(trial.At("folder"), "/etc");
        trial.Write("numbers.txt", "1\n");
        using var served = new Served(trial);
        Assert.DoesNotContain("root:x:", served.Ask(target), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", served.Ask("/files/numbers.txt"), StringComparison.Ordinal);
    }

    [Fact]
    public void Another_persons_files_of_the_home_cannot_be_fetched()
    {
        using var trial = Workspace();
        using var served = new Served(trial);
        foreach (var target in new[] { "/raw/lineage.db", $"/raw{trial.Home}/lineage.db", "/store/", "/raw/.git/config" })
            Assert.StartsWith("HTTP/1.1 404 ", served.Ask(target), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/step/ffffffffffff", 404, "There is no step")]
    [InlineData("/step/zzz", 404, "There is no step")]
    [InlineData("/log/ffffffffffff", 404, "There is no step")]
    [InlineData("/document/none.md", 404, "There is nothing here")]
    [InlineData("/files/none", 404, "There is nothing here")]
    [InlineData("/nowhere", 404, "There is no such page")]
    public void What_does_not_exist_is_said(string target, int status, string text)
    {
        using var trial = Workspace();
        using var served = new Served(trial);
        var answer = served.Ask(target);
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.Contains(text, answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("GET http://other/ HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("nonsense\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")]
    [InlineData("\0\0\0\0\r\n\r\n")]
    public void What_is_no_request_for_a_page_is_refused_and_the_next_one_is_answered(string request)
    {
        using var trial = new Trial();
        using var served = new Served(trial);
        using (var client = new System.Net.Sockets.TcpClient("127.0.0.1", served.Address.Port))
        using (var stream = client.GetStream())
        {
            stream.Write(System.Text.Encoding.Latin1.GetBytes(request));
            using var reader = new StreamReader(stream);
            Assert.StartsWith("HTTP/1.1 4", reader.ReadToEnd(), StringComparison.Ordinal);
        }
        served.Page("/");
    }

    [Fact]
    public void Markup_in_names_and_in_what_steps_say_is_text()
    {
        const string name = "<img src=x onerror=alert(1)>.txt", said = "<script>alert('said')</script>";
        using var trial = new Trial();
        trial.Write("p.md", $"# <b>x</b> <script>alert('title')</script>\n\n```sh name=b\necho \"{said}\"; echo x > '{name}'\n```\n");
        trial.Varve("run", "p.md").Succeeded();
        using var served = new Served(trial);
        var execution = trial.Varve("log", "--json").Succeeded().Output;
        var id = System.Text.Json.JsonDocument.Parse(execution.Split('\n')[0]).RootElement.GetProperty("execution").GetString();
        foreach (var target in new[] { "/", "/files/", "/document/p.md", $"/step/{id}", "/files/" + Uri.EscapeDataString(name), "/history" })
        {
            var page = served.Page(target);
            Assert.DoesNotContain("<img src=x", page, StringComparison.Ordinal);
            Assert.DoesNotContain("<script>alert", page, StringComparison.Ordinal);
        }
        Assert.Contains("&lt;script&gt;alert(", served.Page($"/step/{id}"), StringComparison.Ordinal);
        // Even a page that a step wrote is not shown as one of ours.
        trial.Write("page.html", "<script>alert(1)</script>");
        var raw = served.Page("/raw/page.html");
        Assert.DoesNotContain("Content-Type: text/html", raw, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("nosniff", raw, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_file_of_20_GB_is_shown_by_its_beginning_and_costs_no_memory()
    {
        using var trial = new Trial();
        using (var file = File.OpenHandle(trial.At("huge.csv"), FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(file, "a,b\n1,2\n"u8, 0);
            RandomAccess.Write(file, "x"u8, 20_000_000_000);
        }
        using var served = new Served(trial);
        var page = served.Page("/files/huge.csv");
        Assert.Contains("20 GB", page, StringComparison.Ordinal);
        Assert.InRange(page.Length, 1, 4_000_000);
        served.Page("/files/");
        served.Process.Refresh();
        Assert.InRange(served.Process.WorkingSet64, 1, 300L << 20);
    }

    [Fact]
    public void Rasters_without_projection_or_cut_off_are_said_so()
    {
        using var trial = new Trial();
        Assert.SkipUnless(File.Exists("/usr/bin/gdal_create"), "gdal-bin is not installed");
        trial.Plain(trial.Workspace, "gdal_create", "-of", "GTiff", "-outsize", "30", "20", "-bands", "1", "-burn", "7", "bare.tif").Succeeded();
        trial.Plain(trial.Workspace, "sh", "-c", "head -c 90 bare.tif > cut.tif; echo hello > not.tif").Succeeded();
        using var served = new Served(trial);
        Assert.Contains("30 × 20 cells", served.Page("/files/bare.tif"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", served.Ask("/map/bare.tif"), StringComparison.Ordinal);
        foreach (var broken in new[] { "cut.tif", "not.tif" })
        {
            served.Page("/files/" + broken);
            Assert.StartsWith("HTTP/1.1 4", served.Ask("/map/" + broken), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Tainted_results_are_marked_wherever_they_stand()
    {
        using var trial = Workspace();
        trial.Varve("taint", "numbers.txt", "--reason", "counted wrongly").Succeeded();
        trial.Varve("label", "table.csv", "version=2").Succeeded();
        using var served = new Served(trial);
        Assert.Contains("version=2", served.Page("/files/table.csv"), StringComparison.Ordinal);
        Assert.Contains("counted wrongly", served.Page("/files/table.csv"), StringComparison.Ordinal);
        Assert.Contains("counted wrongly", served.Page("/files/numbers.txt"), StringComparison.Ordinal);
        Assert.Contains("tainted", served.Page("/document/pipeline.md"), StringComparison.Ordinal);
        Assert.Contains("tainted", served.Page("/history"), StringComparison.Ordinal);
        Assert.Contains("class=\"node step marked\"", trial.Varve("how", "table.csv", "--as", "svg").Succeeded().Output, StringComparison.Ordinal);
    }
}
