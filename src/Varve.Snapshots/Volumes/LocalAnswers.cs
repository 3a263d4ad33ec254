namespace Varve.Snapshots.Volumes;

/// <summary>
/// Calls of this host that are made before their answer is asked for, while something else takes its time. An answer serves
/// only when nothing else was called between, since that may change it.
/// </summary>
internal sealed class LocalAnswers
{
    private readonly Lock _lock = new();
    private readonly List<(IReadOnlyList<string> Command, Task<(int Status, string Output, string Error)> Answer)> _ahead = [];
    private Task _last = Task.CompletedTask;

    /// <summary>Makes the call after those that were expected before.</summary>
    public void Expect(IReadOnlyList<string> command, Func<(int Status, string Output, string Error)> call)
    {
        lock (_lock)
        {
            if (_ahead.Exists(a => a.Command.SequenceEqual(command, StringComparer.Ordinal))) return;
            var answer = _last.ContinueWith(_ => call(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            _ahead.Add((command, answer));
            _last = answer;
        }
    }

    /// <summary>The answer, when it was expected; else what was expected serves no longer.</summary>
    public (int Status, string Output, string Error)? Of(IReadOnlyList<string> command)
    {
        Task<(int, string, string)> answer;
        lock (_lock)
        {
            var found = _ahead.FindIndex(a => a.Command.SequenceEqual(command, StringComparer.Ordinal));
            if (found < 0)
            {
                _ahead.Clear();
                return null;
            }
            answer = _ahead[found].Answer;
            _ahead.RemoveAt(found);
        }
        return answer.GetAwaiter().GetResult();
    }

    /// <summary>Something else is called.</summary>
    public void Forget()
    {
        lock (_lock) _ahead.Clear();
    }
}
