using Varve.Lineage;
using Varve.Steps;
using Varve.Store;

namespace Varve.Cli;

/// <summary>The rooms of one home, opened for one command. Files and the database open when they are first asked.</summary>
internal sealed class Rooms : IDisposable
{
    private Rooms(VarveHome home, Settings settings)
    {
        Home = home;
        Store = new BlobStore(home);
        Lineage = new LineageDatabase(home);
        Digests = new DigestCache(home);
        Steps = new StepRunner(home, Lineage, Store, Digests, new StepSettings { Pass = settings.Pass, Trust = settings.Trust, Parts = settings.Parts });
    }

    public VarveHome Home { get; }
    public BlobStore Store { get; }
    public LineageDatabase Lineage { get; }
    public DigestCache Digests { get; }
    public IStepRunner Steps { get; }

    public static Rooms Open(Settings settings) => new(VarveHome.FromEnvironment(), settings);

    public void Dispose()
    {
        Digests.Dispose();
        Lineage.Dispose();
    }
}
