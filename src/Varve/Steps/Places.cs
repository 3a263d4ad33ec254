using Varve.Sandbox;

namespace Varve.Steps;

/// <summary>Where the paths that a step sees lie on the host: its workspace and its other writable folders may have other names inside.</summary>
internal sealed class Places
{
    private readonly (string Inside, string Outside)[] moved = [];
    private readonly Func<string, string>? found;

    public Places(StepRequest request) =>
        moved = [.. new[] { (request.Key.Workspace, request.WorkspaceOutside) }
            .Concat(request.WriteAlso.Concat(request.Binds).Select(w => (w.Key, w.Value)))
            .Concat(request.RootLayers is [var root] ? [("/", root)] : [])
            .OrderByDescending(p => p.Item1.Length)];

    /// <summary>Places that somebody else knows.</summary>
    public Places(Func<string, string> outside) => found = outside;

    /// <summary>The host's path for a path inside.</summary>
    public string Outside(string inside)
    {
        if (found is not null) return found(inside);
        foreach (var (prefix, place) in moved)
            if (View.IsWithin(inside, prefix)) return prefix.Length == 1 ? place + inside : place + inside[prefix.Length..];
        return inside;
    }
}
