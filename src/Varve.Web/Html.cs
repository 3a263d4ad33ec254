using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Varve.Lineage;

namespace Varve.Web;

/// <summary>Markup that is known to be sound, because it was made by <see cref="Html"/>.</summary>
internal readonly record struct Markup(string Text)
{
    public static Markup None => new("");

    public static Markup Of(ref Html.Handler handler) => new(handler.Taken());
}

/// <summary>
/// Writes HTML. In the interpolated strings it takes, the literal parts are markup and every value is escaped, unless it is
/// <see cref="Markup"/>: a file's name or a step's output cannot become markup by being forgotten.
/// </summary>
internal sealed class Html
{
    private readonly StringBuilder text = new(4096);

    public void Write(ref Handler handler) => text.Append(handler.Taken());

    public void Write(Markup markup) => text.Append(markup.Text);

    public Markup ToMarkup() => new(text.ToString());

    /// <summary>Puts values into markup.</summary>
    [InterpolatedStringHandler]
    internal readonly ref struct Handler
    {
        private readonly StringBuilder text;

        public Handler(int literalLength, int formattedCount) => text = new StringBuilder(literalLength + formattedCount * 16);

        public void AppendLiteral(string markup) => text.Append(markup);

        public void AppendFormatted(string? value) => text.Append(MarkupText.Escape(value ?? ""));

        public void AppendFormatted(Markup value) => text.Append(value.Text);

        public void AppendFormatted(long value) => text.Append(CultureInfo.InvariantCulture, $"{value:#,0}");

        public void AppendFormatted(DateTime value, string format) => text.Append(value.ToString(format, CultureInfo.InvariantCulture));

        public void AppendFormatted(double value) => text.Append(CultureInfo.InvariantCulture, $"{value}");

        public string Taken() => text.ToString();
    }
}
