using System.Globalization;
using Microsoft.Playwright;
using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>A browser for all tests of pages: Debian's Chromium.</summary>
public sealed class Browser : IAsyncLifetime
{
    private const string Chromium = "/usr/bin/chromium";
    private IPlaywright? playwright;
    private IBrowser? browser;

    public async ValueTask InitializeAsync()
    {
        if (!File.Exists(Chromium)) return;
        playwright = await Playwright.CreateAsync();
        string[] quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
        browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Chromium, Args = quiet });
    }

    /// <summary>A page that fails the test on an error of its script, and on a request to anywhere else.</summary>
    internal async Task<IPage> Open(Served served, int width = 1200, bool dark = false)
    {
        Assert.SkipWhen(browser is null, "chromium is not installed");
        var context = await browser.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = width, Height = 900 }, ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light });
        var page = await context.NewPageAsync();
        page.SetDefaultTimeout(15_000);
        page.PageError += (_, error) => Assert.Fail(error);
        page.Request += (_, request) => Assert.StartsWith(served.Origin + "/", request.Url, StringComparison.Ordinal);
        await page.GotoAsync(served.Address.ToString());
        return page;
    }

    public async ValueTask DisposeAsync()
    {
        if (browser is not null) await browser.DisposeAsync();
        playwright?.Dispose();
    }
}

/// <summary>The pages as a person uses them.</summary>
public sealed class PagesTests(Browser browser) : IClassFixture<Browser>
{
    private const string Document = """
        # A small pipeline

        ```sh name=grid
        gdal_translate -q -a_srs EPSG:4326 grid.asc grid.tif
        ```

        ```sh name=each map=values.csv
        echo "$id $factor" > out-$id.txt
        ```

        ```sh name=table join=each
        { echo name,factor; for f in "$@"; do sed 's/ /,/' $f; done; } > table.csv; echo "made the table"
        ```

        ```sh name=shape
        cat table.csv > /dev/null; printf '%s' '{"type":"Feature","properties":{"name":"square"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[0,9],[9,9],[9,0],[0,0]]]}}' > shape.geojson
        ```
        """;

    private static Trial Workspace(bool run = true)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/gdal_translate"), "gdal-bin is not installed");
        var trial = new Trial();
        trial.Write("pipeline.md", Document);
        trial.Write("values.csv", "id,factor\n" + string.Concat(Enumerable.Range(1, 12).Select(i => $"{i:00},{i * 1.5}\n")));
        trial.Write("grid.asc", "ncols 4\nnrows 3\nxllcorner 10\nyllcorner 40\ncellsize 0.5\nNODATA_value -9999\n1 2 3 4\n5 6 7 8\n9 10 11 -9999\n");
        if (run) trial.Varve("run", "pipeline.md").Succeeded();
        return trial;
    }

    [Fact]
    public async Task A_document_shows_its_blocks_and_follows_a_run()
    {
        using var trial = Workspace(run: false);
        trial.Write("pipeline.md", Document.Replace("cat table.csv", "while [ ! -e go ] && [ $((i=i+1)) -lt 20 ]; do sleep 0.1; done; cat table.csv", StringComparison.Ordinal));
        using var served = new Served(trial);
        var page = await browser.Open(served);
        await page.GetByRole(AriaRole.Link, new() { Name = "A small pipeline" }).ClickAsync();
        var grid = page.GetByRole(AriaRole.Region, new() { Name = "Block grid" });
        await Assertions.Expect(grid).ToContainTextAsync("never ran");
        var run = trial.Start(["run", "pipeline.md"]);
        await Assertions.Expect(page.GetByRole(AriaRole.Region, new() { Name = "Block shape" }).Locator(".state.running")).ToBeVisibleAsync();
        await Assertions.Expect(grid).ToContainTextAsync("up to date");
        Assert.Equal(0, Trial.Await(run).ExitCode);
        await Assertions.Expect(page.Locator(".state.running")).ToHaveCountAsync(0);
        await Assertions.Expect(page.GetByRole(AriaRole.Region, new() { Name = "Block each" })).ToContainTextAsync("12");
        // An input is edited: the block that read it says so, and what differs.
        trial.Write("grid.asc", trial.Read("grid.asc").Replace("11", "12", StringComparison.Ordinal));
        await page.ReloadAsync();
        await Assertions.Expect(grid).ToContainTextAsync("grid.asc");
        await Assertions.Expect(grid.Locator(".state.stale")).ToBeVisibleAsync();
        // The results stand in their places.
        await Assertions.Expect(page.Locator("table.data")).ToContainTextAsync("factor");
    }

    [Fact]
    public async Task A_raster_and_shapes_lie_on_maps_with_values_under_the_pointer()
    {
        using var trial = Workspace();
        using var served = new Served(trial);
        var page = await browser.Open(served);
        await page.GotoAsync(served.Origin + "/files/grid.tif");
        var map = page.Locator("[data-map=raster][data-ready]");
        await Assertions.Expect(map).ToBeVisibleAsync();
        await Assertions.Expect(map.Locator("[data-legend]")).ToContainTextAsync("11");
        var told = map.Locator("[data-value]");
        // The middle of the canvas is the middle of the grid: between 6 and 7 of the second row.
        var box = (await map.Locator("canvas").First.BoundingBoxAsync())!;
        await page.Mouse.MoveAsync(box.X + box.Width / 2 - 5, box.Y + box.Height / 2);
        await Assertions.Expect(told).ToContainTextAsync(": 6");
        await page.Mouse.WheelAsync(0, -300);
        await map.Locator("canvas").First.FocusAsync();
        await page.Keyboard.PressAsync("0");
        await page.Keyboard.PressAsync("ArrowLeft");
        await Assertions.Expect(told).ToContainTextAsync(": ");

        await page.GotoAsync(served.Origin + "/files/shape.geojson");
        var shapes = page.Locator("[data-map=vector][data-ready]");
        await Assertions.Expect(shapes).ToBeVisibleAsync();
        box = (await shapes.Locator("canvas").First.BoundingBoxAsync())!;
        await page.Mouse.MoveAsync(box.X + box.Width / 2, box.Y + box.Height / 2);
        await Assertions.Expect(shapes.Locator("[data-value]")).ToContainTextAsync("name square");
    }

    [Fact]
    public async Task The_graph_is_folded_searched_zoomed_and_leads_to_what_differs()
    {
        using var trial = Workspace();
        using var served = new Served(trial);
        var page = await browser.Open(served);
        await page.GotoAsync(served.Origin + "/files/table.csv");
        var graph = page.Locator("[data-graph]");
        var steps = graph.Locator(".node.step");
        await Assertions.Expect(steps).ToHaveCountAsync(2);
        await Assertions.Expect(graph).ToContainTextAsync("× 12");
        var before = await graph.Locator("svg").GetAttributeAsync("viewBox");
        await graph.GetByRole(AriaRole.Button, new() { Name = "Larger" }).ClickAsync();
        Assert.NotEqual(before, await graph.Locator("svg").GetAttributeAsync("viewBox"));
        await graph.GetByRole(AriaRole.Button, new() { Name = "Fit" }).ClickAsync();
        await graph.GetByRole(AriaRole.Searchbox).FillAsync("each");
        await Assertions.Expect(graph.Locator("[data-found]")).ToHaveTextAsync("1 found");
        await graph.Locator(".node.found").ClickAsync();
        var folded = page.Locator("#folded");
        await Assertions.Expect(folded).ToContainTextAsync("12 steps");
        await folded.GetByRole(AriaRole.Link, new() { Name = "compare with the first" }).Nth(5).ClickAsync();
        await Assertions.Expect(page.Locator("#diff, .diff").First).ToContainTextAsync("factor");
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("What it did");
        // The same picture on the command line.
        Assert.Contains("× 12", trial.Varve("how", "table.csv", "--as", "svg").Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_history_says_what_was_saved_and_can_be_searched()
    {
        using var trial = Workspace();
        trial.Varve("run", "pipeline.md").Succeeded();
        trial.Exec("sh", "-c", "exit 3");
        using var served = new Served(trial);
        var page = await browser.Open(served);
        await page.GetByRole(AriaRole.Link, new() { Name = "History", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator(".figures")).ToContainTextAsync("saved by 15 reuses");
        await page.GetByLabel("Which").SelectOptionAsync("failed");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show" }).ClickAsync();
        await Assertions.Expect(page.Locator("table.history tbody tr")).ToHaveCountAsync(1);
        await page.Locator("table.history tbody a").First.ClickAsync();
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("failed, exit status 3");
    }

    [Fact]
    public async Task Everything_is_reached_by_the_keyboard()
    {
        using var trial = Workspace();
        using var served = new Served(trial);
        var page = await browser.Open(served);
        await page.Keyboard.PressAsync("Tab");
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "To the content" })).ToBeFocusedAsync();
        for (var i = 0; i < 3; i++) await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page).ToHaveURLAsync(served.Origin + "/history");
        await page.GotoAsync(served.Origin + "/files/table.csv");
        await page.Locator("[data-graph] [data-find]").FocusAsync();
        const int stops = 8;
        for (var i = 0; i < stops && !await page.EvaluateAsync<bool>("document.activeElement.closest('.node, svg a') !== null"); i++) await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page).Not.ToHaveURLAsync(served.Origin + "/files/table.csv");
    }

    [Theory]
    [InlineData(360, false)]
    [InlineData(360, true)]
    [InlineData(1200, true)]
    public async Task Every_page_fits_its_window_and_can_be_read(int width, bool dark)
    {
        using var trial = Workspace();
        var id = trial.Exec("sh", "-c", "echo " + new string('x', 300)).Succeeded().Trace.Execution;
        using var served = new Served(trial);
        var page = await browser.Open(served, width, dark);
        foreach (var target in new[] { "/", "/document/pipeline.md", "/files/", "/files/grid.tif", "/files/table.csv", "/files/shape.geojson", "/history", $"/step/{id}", "/nowhere" })
        {
            await page.GotoAsync(served.Origin + target);
            var over = await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
            Assert.True(over <= 0, $"{target} is {over} pixels too wide for {width}");
            var contrast = await page.EvaluateAsync<double>("""
                () => {
                    const light = c => { const [r, g, b] = c.match(/[\d.]+/g).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
                    const body = getComputedStyle(document.body), paper = light(body.backgroundColor);
                    let least = 21;
                    for (const e of document.querySelectorAll("main *")) {
                        if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) || e.closest("svg")) continue;
                        let ground = e, back = "";
                        while (ground && (back = getComputedStyle(ground).backgroundColor, back === "rgba(0, 0, 0, 0)")) ground = ground.parentElement;
                        const a = light(getComputedStyle(e).color), b = ground ? light(back) : paper;
                        least = Math.min(least, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
                    }
                    return least;
                }
                """);
            Assert.True(contrast >= 4.5, $"{target}: contrast {contrast.ToString("0.0", CultureInfo.InvariantCulture)} is below 4.5 (WCAG 2.2, 1.4.3)");
        }
    }
}
