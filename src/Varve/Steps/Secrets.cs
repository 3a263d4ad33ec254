using Varve.Linux;

namespace Varve.Steps;

/// <summary>What of a person's home a step does not see, though the rest stays readable: keys, tokens, passwords.</summary>
internal static class Secrets
{
    private static readonly string[] Names =
    [
        ".ssh", ".gnupg", ".aws", ".azure", ".kube", ".config/gcloud", ".config/gh", ".docker/config.json", ".netrc", ".pgpass",
        ".git-credentials", ".password-store", ".pypirc", ".npmrc", ".local/share/keyrings", ".mozilla", ".config/google-chrome",
        ".config/chromium", ".bash_history", ".zsh_history", ".python_history",
    ];

    /// <summary>Those that exist.</summary>
    public static IEnumerable<string> Of(string home) => Names.Select(n => $"{home}/{n}").Where(p => Files.Look(p).Exists);
}
