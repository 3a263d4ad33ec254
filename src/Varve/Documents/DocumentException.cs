namespace Varve.Documents;

/// <summary>A document that cannot be run (exit status 2). The message names file and line, and what to do.</summary>
public sealed class DocumentException : Exception
{
    /// <summary>A problem in a line of a file.</summary>
    public DocumentException(string file, int line, string problem, Exception? inner = null)
        : base($"{file}:{line}: {problem}", inner)
    {
    }

    /// <summary>A problem that has no line.</summary>
    public DocumentException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
