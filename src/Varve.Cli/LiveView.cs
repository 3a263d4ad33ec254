using Spectre.Console;
using Spectre.Console.Rendering;

namespace Varve.Cli;

/// <summary>The live view of a run on a terminal: redrawn ten times a second while something happens, gone at the end.</summary>
internal sealed class LiveView : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private const int NarrowestColumns = 20, FewestLines = 4;
    private readonly RunBoard board;
    private readonly string title;
    private readonly IAnsiConsole console;
    private readonly ManualResetEventSlim ended = new();
    private readonly Thread thread;
    private volatile string notice = "";

    public LiveView(RunBoard board, string title, bool colours)
    {
        this.board = board;
        this.title = title;
        console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(Console.Error),
            Ansi = AnsiSupport.Yes,
            ColorSystem = colours ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
        });
        thread = new Thread(Draw, maxStackSize: 1 << 20) { IsBackground = true, Name = "view" };
        thread.Start();
    }

    /// <summary>Shows a line under the view, such as what Ctrl-C began.</summary>
    public void Notice(string text) => notice = text;

    private void Draw() =>
        console.Live(new Text("")).AutoClear(true).Overflow(VerticalOverflow.Crop).Start(context =>
        {
            do
            {
                var columns = Math.Max(NarrowestColumns, console.Profile.Width - 1);
                var lines = Math.Max(FewestLines, console.Profile.Height - 2);
                var rows = RunPicture.Draw(board.Snapshot(), title, columns, lines).ToList();
                if (notice.Length > 0) rows.Add(new PictureLine(Words.Short(notice, columns), PictureTone.Bad));
                context.UpdateTarget(new Rows(rows.Select(Render)));
            }
            while (!ended.Wait(Pause));
        });

    private static IRenderable Render(PictureLine line) => new Text(line.Text, line.Tone switch
    {
        PictureTone.Title => new Style(decoration: Decoration.Bold),
        PictureTone.Faint => new Style(foreground: Color.Grey),
        PictureTone.Running => new Style(foreground: Color.Aqua),
        PictureTone.Good => new Style(foreground: Color.Green),
        PictureTone.Bad => new Style(foreground: Color.Red),
        _ => Style.Plain,
    });

    /// <summary>Takes the view off the terminal; what is written afterwards stands where it stood.</summary>
    public void Dispose()
    {
        ended.Set();
        thread.Join();
        ended.Dispose();
    }
}
