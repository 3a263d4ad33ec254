namespace Varve.Shell;

/// <summary>
/// Finds where the complete commands of a script end, and what they hold, by the grammar of the POSIX shell (XCU 2.3
/// and 2.10). It interprets nothing: what a command means is the shell's business.
/// </summary>
internal sealed class CommandScanner(string text)
{
    private const int MostDepth = 400;
    private readonly HereDocuments hereDocuments = new(text);
    private readonly WordScanner words = new(text);
    private readonly List<FunctionText> functions = [];
    private PieceFacts facts = new();
    private int at, subshells, depth, conditional;
    private bool onlyDefines;

    /// <summary>The complete command that begins at or after a place.</summary>
    /// <param name="from">Where to look from.</param>
    /// <param name="line">The line that place is on; afterwards the line that <paramref name="end"/> is on.</param>
    /// <param name="end">Where the next one may begin.</param>
    /// <param name="piece">The command, when there is one.</param>
    public NoPiece Next(int from, ref int line, out int end, out Piece? piece)
    {
        (at, end, piece) = (from, from, null);
        (facts, subshells, depth, conditional, onlyDefines) = (new PieceFacts(), 0, 0, 0, true);
        functions.Clear();
        hereDocuments.Clear();
        try
        {
            SkipEmptyLines();
            if (at == text.Length) return NoPiece.End;
            var start = at;
            line += text.AsSpan(from, start - from).Count('\n');
            List(insideCompound: false);
            EndOfLine();
            piece = new Piece(text[start..at], line, [.. functions], onlyDefines && functions.Count > 0, facts);
            line += text.AsSpan(start, at - start).Count('\n');
            end = at;
            return NoPiece.None;
        }
        catch (ScanException e)
        {
            return e.Why;
        }
    }

    private static ScanException Incomplete() => new(NoPiece.Incomplete);

    private static ScanException Wrong() => new(NoPiece.Wrong);

    private char Here => at < text.Length ? text[at] : '\0';

    private bool AtOperator(string op) => string.CompareOrdinal(text, at, op, 0, op.Length) == 0;

    private void SkipEmptyLines()
    {
        while (at < text.Length)
        {
            SkipBlanks();
            if (Here != '\n') return;
            at++;
        }
    }

    private void SkipBlanks()
    {
        while (at < text.Length)
        {
            if (text[at] is ' ' or '\t') at++;
            else if (text[at] == '\\' && at + 1 < text.Length && text[at + 1] == '\n') at += 2;
            else if (text[at] == '#') at = text.IndexOf('\n', at) is var end and >= 0 ? end : text.Length;
            else return;
        }
    }

    /// <summary>Takes the newline, if there is one, and the bodies of the here-documents that wait for it.</summary>
    private void EndOfLine()
    {
        SkipBlanks();
        if (at == text.Length)
        {
            if (hereDocuments.Any) throw Incomplete();
            return;
        }
        if (Here != '\n') throw Wrong();
        at++;
        at = hereDocuments.EndOfBodies(at);
    }

    /// <summary>Newlines and comments between the words of a compound command.</summary>
    private void LineBreaks()
    {
        SkipBlanks();
        while (Here == '\n')
        {
            EndOfLine();
            SkipBlanks();
        }
    }

    /// <summary>Commands one after another; at the top to the end of the line, inside a compound command to its closing word.</summary>
    private void List(bool insideCompound)
    {
        if (++depth > MostDepth) throw Wrong();
        if (insideCompound) LineBreaks();
        var any = false;
        while (true)
        {
            SkipBlanks();
            if (at == text.Length || Here == '\n' || Here == ')' || (insideCompound && IsClosing()) || AtOperator(";;")) break;
            AndOr();
            any = true;
            SkipBlanks();
            if (AtOperator(";;") || Here == ')' || Here == '\0') break;
            if (Here == '&')
            {
                // Also one that a subshell starts goes on when that has ended.
                CannotCarry("it starts a command in the background (&)");
                at++;
            }
            else if (Here == ';')
            {
                at++;
            }
            else if (Here != '\n')
            {
                throw Wrong();
            }
            if (insideCompound) LineBreaks();
        }
        if (!any && insideCompound) throw at == text.Length ? Incomplete() : Wrong();
        if (!any && at < text.Length && Here is not ('\n' or ')')) throw Wrong();
        depth--;
    }

    private bool IsClosing() => words.Plain(at, out _) is "}" or "do" or "done" or "elif" or "else" or "esac" or "fi" or "then";

    private void AndOr()
    {
        Pipeline();
        var joined = 0;
        while (true)
        {
            SkipBlanks();
            if (!AtOperator("&&") && !AtOperator("||")) break;
            if (++joined == 1) conditional++;
            at += 2;
            LineBreaks();
            if (at == text.Length) throw Incomplete();
            Pipeline();
        }
        if (joined > 0) conditional--;
    }

    private void Pipeline()
    {
        SkipBlanks();
        while (words.Plain(at, out var end) == "!")
        {
            at = end;
            SkipBlanks();
        }
        // Whether this is a pipeline, whose stages are subshells, is known after its first stage only.
        var outer = facts;
        var first = facts = new PieceFacts();
        var definitions = functions.Count;
        Command();
        SkipBlanks();
        var stages = 1;
        while (Here == '|' && !AtOperator("||"))
        {
            at++;
            if (stages++ == 1) subshells++;
            LineBreaks();
            if (at == text.Length) throw Incomplete();
            Command();
            SkipBlanks();
        }
        facts = outer;
        if (stages > 1)
        {
            subshells--;
            first.OwnCommands.Clear();
            functions.RemoveRange(definitions, functions.Count - definitions);
            onlyDefines = false;
        }
        facts.Add(first);
    }

    private void Command()
    {
        SkipBlanks();
        if (at == text.Length) throw Incomplete();
        if (Here == '(')
        {
            at++;
            onlyDefines = false;
            Subshell();
            Redirections();
            return;
        }
        var word = words.Plain(at, out var end);
        if (word is null || !ReservedWords.Contain(word))
        {
            Simple();
            return;
        }
        onlyDefines = false;
        at = end;
        conditional++;
        Compound(word);
        conditional--;
        Redirections();
    }

    private void Subshell()
    {
        subshells++;
        List(insideCompound: true);
        SkipBlanks();
        if (at == text.Length) throw Incomplete();
        if (Here != ')') throw Wrong();
        at++;
        subshells--;
    }

    private void Compound(string word)
    {
        switch (word)
        {
            case "{":
                List(insideCompound: true);
                Expect("}");
                break;
            case "if":
                List(insideCompound: true);
                Expect("then");
                List(insideCompound: true);
                while (Found("elif"))
                {
                    List(insideCompound: true);
                    Expect("then");
                    List(insideCompound: true);
                }
                if (Found("else")) List(insideCompound: true);
                Expect("fi");
                break;
            case "while" or "until":
                List(insideCompound: true);
                Loop();
                break;
            case "for":
                For();
                break;
            case "case":
                Case();
                break;
            default:
                throw Wrong();
        }
    }

    private void Loop()
    {
        Expect("do");
        List(insideCompound: true);
        Expect("done");
    }

    private void For()
    {
        SkipBlanks();
        if (at == text.Length) throw Incomplete();
        if (words.Plain(at, out at) is not { Length: > 0 }) throw Wrong();
        LineBreaks();
        if (Found("in"))
        {
            while (true)
            {
                SkipBlanks();
                if (at == text.Length) throw Incomplete();
                if (Here is ';' or '\n') break;
                Word();
            }
        }
        SkipBlanks();
        if (Here == ';') at++;
        LineBreaks();
        Loop();
    }

    private void Case()
    {
        SkipBlanks();
        if (at == text.Length) throw Incomplete();
        Word();
        LineBreaks();
        Expect("in");
        while (true)
        {
            LineBreaks();
            if (at == text.Length) throw Incomplete();
            if (Found("esac")) return;
            if (Here == '(') at++;
            while (true)
            {
                SkipBlanks();
                if (at == text.Length) throw Incomplete();
                Word();
                SkipBlanks();
                if (Here != '|') break;
                at++;
            }
            if (at == text.Length) throw Incomplete();
            if (Here != ')') throw Wrong();
            at++;
            LineBreaks();
            if (!AtOperator(";;") && words.Plain(at, out _) != "esac") List(insideCompound: true);
            LineBreaks();
            if (AtOperator(";;")) at += 2;
        }
    }

    private bool Found(string word)
    {
        SkipBlanks();
        if (words.Plain(at, out var end) != word) return false;
        at = end;
        return true;
    }

    private void Expect(string word)
    {
        LineBreaks();
        if (Found(word)) return;
        throw at == text.Length ? Incomplete() : Wrong();
    }

    /// <summary>A simple command, or the definition of a function.</summary>
    private void Simple()
    {
        var start = at;
        string? name = null;
        var any = false;
        while (true)
        {
            SkipBlanks();
            if (at == text.Length || Here is '\n' or ';' or '&' or '|' or ')') break;
            if (Redirection())
            {
                any = true;
                continue;
            }
            if (Here == '(')
            {
                if (name is not { Length: > 0 } || !text.AsSpan(start, at - start).Trim().SequenceEqual(name)) throw Wrong();
                facts.Commands.Remove(name);
                facts.OwnCommands.Remove(name);
                Function(name, start);
                return;
            }
            var plain = words.Plain(at, out _);
            var isAssignment = name is null && words.IsAssignment(at);
            Word();
            any = true;
            if (isAssignment || name is not null) continue;
            name = plain ?? "";
            Noted(name);
        }
        if (!any) throw Wrong();
        onlyDefines = false;
        if (subshells == 0 && name is not null && ShellBoundState.Why(name, text[start..at], conditional > 0) is { Length: > 0 } why) CannotCarry(why);
    }

    private void Noted(string name)
    {
        facts.Commands.Add(name);
        if (subshells == 0) facts.OwnCommands.Add(name);
    }

    private void CannotCarry(string why)
    {
        if (facts.CannotCarry.Length == 0) facts.CannotCarry = why;
    }

    private void Function(string name, int start)
    {
        at++;
        SkipBlanks();
        if (at == text.Length) throw Incomplete();
        if (Here != ')') throw Wrong();
        at++;
        LineBreaks();
        if (at == text.Length) throw Incomplete();
        var outer = (facts, onlyDefines, conditional, subshells, functions.Count);
        var inside = facts = new PieceFacts();
        if (Here != '(' && !(words.Plain(at, out _) is { } word && ReservedWords.Contain(word))) throw Wrong();
        subshells = 0;
        Command();
        (facts, onlyDefines, conditional, subshells) = (outer.facts, outer.onlyDefines, outer.conditional, outer.subshells);
        if (functions.Count > outer.Count)
        {
            functions.RemoveRange(outer.Count, functions.Count - outer.Count);
            if (inside.CannotCarry.Length == 0) inside.CannotCarry = "it defines a function within another";
        }
        if (subshells > 0) return;
        if (conditional > 0) CannotCarry("whether it defines a function depends on what happens");
        functions.Add(new FunctionText(name, text[start..at], inside));
    }

    private void Redirections()
    {
        while (true)
        {
            SkipBlanks();
            if (!Redirection()) return;
        }
    }

    private bool Redirection()
    {
        var i = at;
        while (i < text.Length && char.IsAsciiDigit(text[i])) i++;
        if (i == text.Length || text[i] is not ('<' or '>')) return false;
        var isHere = string.CompareOrdinal(text, i, "<<", 0, 2) == 0;
        i++;
        var stripTabs = false;
        if (isHere)
        {
            i++;
            if (i < text.Length && text[i] == '-')
            {
                stripTabs = true;
                i++;
            }
        }
        else if (i < text.Length && text[i] is '>' or '&' or '|')
        {
            i++;
        }
        else if (text[i - 1] == '<' && i < text.Length && text[i] == '>')
        {
            i++;
        }
        at = i;
        SkipBlanks();
        if (at == text.Length) throw Incomplete();
        if (Here is '\n') throw Wrong();
        var start = at;
        Word();
        if (isHere) hereDocuments.Await(text[start..at], stripTabs);
        return true;
    }

    /// <summary>One word; what it substitutes is scanned too.</summary>
    private void Word()
    {
        var end = words.End(at, Substitution);
        if (end == at) throw Wrong();
        at = end;
    }

    /// <summary>The commands of a <c>$(...)</c>, from after its parenthesis; where it ends.</summary>
    private int Substitution(int from)
    {
        var (back, waiting) = (at, hereDocuments.Suspend());
        at = from;
        subshells++;
        List(insideCompound: false);
        while (at < text.Length && Here == '\n')
        {
            EndOfLine();
            SkipEmptyLines();
            if (Here == ')') break;
            List(insideCompound: false);
        }
        SkipBlanks();
        if (at == text.Length) throw Incomplete();
        if (Here != ')') throw Wrong();
        subshells--;
        var end = at + 1;
        at = back;
        hereDocuments.Resume(waiting);
        return end;
    }
}
