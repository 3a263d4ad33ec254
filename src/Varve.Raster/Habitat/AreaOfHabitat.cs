using System.Diagnostics;
using Varve.Raster.Evaluation;

namespace Varve.Raster.Habitat;

/// <summary>
/// Areas of habitat of many species in one go: what species share (tiles of habitat and elevation) is decoded once for as
/// many of them as memory has room for. Each finished species is kept; a rerun does what is missing or changed.
/// </summary>
public static class AreaOfHabitat
{
    /// <summary>Species computed in one walk; each has a file open.</summary>
    private const int MostAtOnce = 256;
    /// <summary>Memory that a species takes as its file's bytes, and beside them.</summary>
    private const long BytesPerByte = 4, BytesPerSpecies = 200_000;

    /// <summary>Computes them all. What is wrong with one species is told, and does not stop the others.</summary>
    /// <exception cref="RasterException">A map, the table or the output folder cannot be used.</exception>
    /// <exception cref="OperationCanceledException">It was interrupted; what was finished is kept.</exception>
    public static IReadOnlyList<AohOutcome> Run(AohRequest request, Limits? limits = null)
    {
        var files = SpeciesFiles.Of(request.Species);
        var table = Crosswalk.Read(request.Crosswalk);
        var maps = new HabitatMaps(request);
        using var ledger = new Ledger(request.Output);
        return new Work(request, limits ?? Limits.Default, table, maps, ledger).All(files);
    }

    /// <summary>A species to compute: where its range begins, in pixels, and how large its file is.</summary>
    private sealed record Due(string File, string Name, string Key, IReadOnlyList<int> Values, (long Row, long Column) Place, long Bytes);

    private sealed class Work(AohRequest request, Limits limits, Crosswalk table, HabitatMaps maps, Ledger ledger)
    {
        private readonly Stopwatch clock = Stopwatch.StartNew();
        private readonly Lock gate = new();
        private readonly Dictionary<string, AohOutcome> outcomes = new(StringComparer.Ordinal);
        private readonly HashSet<string> names = new(StringComparer.Ordinal);
        private Report? report;
        private long donePixels, knownPixels;
        private int left;

        public IReadOnlyList<AohOutcome> All(IReadOnlyList<string> files)
        {
            var due = files.Select(Look).OfType<Due>().OrderBy(static d => d.Place).ToList();
            left = due.Count;
            var most = Math.Max(1, limits.MemoryNow / 4);
            for (var at = 0; at < due.Count;)
            {
                var (some, bytes) = (new List<Due>(), 0L);
                for (; at < due.Count && some.Count < MostAtOnce && (some.Count == 0 || bytes + Size(due[at]) <= most); at++)
                {
                    some.Add(due[at]);
                    bytes += Size(due[at]);
                }
                Together(some, bytes);
                left -= some.Count;
            }
            if (report is not null) limits.Done?.Invoke(report);
            return [.. files.Where(outcomes.ContainsKey).Select(f => outcomes[f])];
        }

        private static long Size(Due due) => due.Bytes * BytesPerByte + BytesPerSpecies;

        private void Tell(AohOutcome outcome)
        {
            lock (gate)
            {
                outcomes[outcome.Path] = outcome;
                request.Told?.Invoke(outcome);
            }
        }

        /// <summary>Whether a species has to be computed; null when it is there, or cannot be.</summary>
        private Due? Look(string file)
        {
            limits.Cancellation.ThrowIfCancellationRequested();
            var name = "";
            try
            {
                var species = Species.Read(file);
                name = SpeciesFiles.NameOf(species, request.IucnNames);
                if (!names.Add(name)) throw new RasterException($"{file}: another file of this run is of the same species and season ({name})");
                var values = table.ValuesOf(species.Codes);
                var question = string.Join(' ', request.ClassifiedHabitat is null, string.Join('|', values), string.Join('|', request.Weights), request.PixelArea, request.ForceHabitat, request.Coverage, request.Write.Compression, request.Write.Level);
                var key = Ledger.KeyOf(file, question, maps.FilesFor(values));
                if (!request.Again && ledger.Has(name, key))
                {
                    Tell(new AohOutcome(file, name, AohStatus.Kept));
                    return null;
                }
                var corner = Corner(species);
                return new Due(file, name, key, values, corner, new FileInfo(file).Length);
            }
            catch (RasterException e)
            {
                Tell(new AohOutcome(file, name, AohStatus.Failed, null, e.Message));
                return null;
            }
        }

        /// <summary>Roughly where a range is: species whose ranges begin near each other share most.</summary>
        private (long Row, long Column) Corner(Species species)
        {
            const int Near = 4096;
            var (grid, rings) = (maps.Reference, species.Range.Shapes.SelectMany(static s => s.Rings));
            var (x, y) = (double.PositiveInfinity, double.PositiveInfinity);
            foreach (var ring in rings)
                for (var i = 0; i + 1 < ring.Length; i += 2)
                    (x, y) = (Math.Min(x, (ring[i] - grid.X) / grid.StepX), Math.Min(y, (ring[i + 1] - grid.Y) / grid.StepY));
            return ((long)Math.Clamp(y, -1e15, 1e15) / Near, (long)Math.Clamp(x, -1e15, 1e15));
        }

        private string At(string name, string ending) => Path.Combine(request.Output, name + ending);

        private void Together(IReadOnlyList<Due> some, long bytes)
        {
            var (jobs, instead) = (new List<SpeciesJob>(), new List<(Due Due, Species Species, AohAnswer Answer)>());
            try
            {
                foreach (var due in some)
                {
                    if (Make(due, () => Species.Read(due.File), null) is not { } job) continue;
                    job.Job.Done = () =>
                    {
                        var answer = job.Answer(request.ForceHabitat);
                        if (answer.Map is not (AohMap.Both or AohMap.None)) lock (gate) instead.Add((due, job.Species, answer));
                        else Finish(due, job, answer);
                    };
                    jobs.Add(job);
                }
                Walk(jobs, bytes);
                foreach (var job in jobs) job.Dispose();
                jobs.Clear();
                foreach (var (due, species, answer) in instead)
                {
                    if (Make(due, () => species, answer.Map) is not { } job) continue;
                    job.Job.Done = () => Finish(due, job, answer);
                    jobs.Add(job);
                }
                Walk(jobs, bytes);
            }
            finally
            {
                foreach (var job in jobs) job.Dispose();
            }
        }

        /// <summary>The job of a species; null when there is nothing to compute, and that is told.</summary>
        private SpeciesJob? Make(Due due, Func<Species> read, AohMap? instead)
        {
            try
            {
                var species = read();
                if (request.ForceHabitat && due.Values.Count == 0) return Without(due, species, null, "No habitats found in crosswalk");
                if (request.ForceHabitat && maps.HabitatOf(due.Values) is null) return Without(due, species, null, "No matching habitat layers found");
                ledger.Forget(due.Name);
                var job = new SpeciesJob(species, due.Values, maps, request, At(due.Name, ".tif"), instead);
                return job.IsWeighed ? job : Without(due, species, new AohTotals(0, 0, 0, 0), "Range and weights do not intersect");
            }
            catch (RasterException e)
            {
                Tell(new AohOutcome(due.File, due.Name, AohStatus.Failed, null, e.Message));
                return null;
            }
        }

        private SpeciesJob? Without(Due due, Species species, AohTotals? totals, string why)
        {
            ledger.Forget(due.Name);
            File.Delete(At(due.Name, ".tif"));
            Manifest.Write(At(due.Name, ".json"), species, totals, why);
            ledger.Finished(due.Name, due.Key);
            Tell(new AohOutcome(due.File, due.Name, AohStatus.NoMap, totals, why));
            return null;
        }

        private void Finish(Due due, SpeciesJob job, AohAnswer answer)
        {
            if (answer.Map == AohMap.None)
            {
                Without(due, job.Species, answer.Totals, "No habitat found and --force-habitat specified");
                return;
            }
            job.Keep();
            Manifest.Write(At(due.Name, ".json"), job.Species, answer.Totals, null);
            ledger.Finished(due.Name, due.Key);
            Tell(new AohOutcome(due.File, due.Name, AohStatus.Computed, answer.Totals));
        }

        private void Walk(List<SpeciesJob> jobs, long bytes)
        {
            if (jobs.Count == 0) return;
            var pixels = jobs.Sum(static j => j.Job.Pixels);
            knownPixels += pixels;
            var walked = SharedPass.Run([.. jobs.Select(static j => j.Job)], bytes, limits, more =>
            {
                donePixels += more;
                // Species that were not looked at closely yet are taken to be like those that were.
                var begun = outcomes.Count == 0 ? 1 : outcomes.Count;
                limits.Progress?.Invoke(new Progress(donePixels, knownPixels + Math.Max(0, left - jobs.Count) * (pixels / jobs.Count), clock.Elapsed));
            });
            report = report is null ? walked : report.With(walked);
        }
    }
}
