using System.Text.Json;
using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>
/// `varve export --as ro-crate` held against what the profiles demand: the MUST shapes of RO-Crate 1.1, Workflow RO-Crate 1.0 and of the
/// Process, Workflow and Provenance Run Crate profiles 0.5, each as a line here.
/// </summary>
public sealed class CrateTests
{
    private static readonly string[] Tools = ["SoftwareApplication", "SoftwareSourceCode", "ComputationalWorkflow"];

    private sealed record Crate(Dictionary<string, JsonElement> Entities)
    {
        public static Crate Read(string path)
        {
            var graph = JsonDocument.Parse(File.ReadAllText(path)).RootElement.GetProperty("@graph").EnumerateArray().ToList();
            var byId = graph.ToDictionary(e => e.GetProperty("@id").GetString()!, StringComparer.Ordinal);
            Assert.Equal(graph.Count, byId.Count);
            return new Crate(byId);
        }

        public static string[] Types(JsonElement entity) => Texts(entity.GetProperty("@type"));

        private static string[] Texts(JsonElement value) => value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(v => v.GetString()!)] : [value.GetString()!];

        public IEnumerable<(string Id, JsonElement Entity)> Of(string type) => Entities.Where(e => Types(e.Value).Contains(type)).Select(e => (e.Key, e.Value));

        /// <summary>The identifiers that a property refers to.</summary>
        public static IEnumerable<string> References(JsonElement entity, string name) =>
            !entity.TryGetProperty(name, out var value) ? [] : value.ValueKind == JsonValueKind.Array
                ? value.EnumerateArray().Where(v => v.ValueKind == JsonValueKind.Object).Select(v => v.GetProperty("@id").GetString()!)
                : value.ValueKind == JsonValueKind.Object ? [value.GetProperty("@id").GetString()!] : [];

        /// <summary>Holds a property to refer to at least one entity, and only to ones of these types.</summary>
        public void Refers(string id, string property, params string[] types)
        {
            var others = References(Entities[id], property).ToList();
            Assert.True(others.Count > 0, $"{id} has no {property}");
            foreach (var other in others)
                Assert.True(Entities.TryGetValue(other, out var found) && Types(found).Intersect(types).Any(), $"{id}: {property} leads to {other}, which is none of {string.Join(", ", types)}");
        }

        /// <summary>Holds an entity to be referred to.</summary>
        public void IsReferred(string id, string property, params string[] byTypes) =>
            Assert.True(byTypes.Any(t => Of(t).Any(e => References(e.Entity, property).Contains(id))), $"nothing refers to {id} by {property}");
    }

    [Theory]
    [InlineData("exec")]
    [InlineData("document")]
    public void The_crate_has_all_that_its_profiles_demand(string way)
    {
        using var trial = new Trial(test: "crate " + way);
        trial.Write("base.txt", "3\n1\n2\n");
        trial.Write("values.csv", "id,least\na,1\nb,2\n");
        if (way == "exec")
        {
            foreach (var (id, least) in new[] { ("a", 1), ("b", 2) }) trial.Exec("sh", "-c", $"awk -v least={least} '$1 >= least' base.txt > part-{id}.txt").Succeeded();
            trial.Exec("sh", "-c", "cat part-a.txt part-b.txt > all.txt").Succeeded();
        }
        else
        {
            trial.Write("p.md", "---\ninputs: {table: base.txt}\nparameters: {name: all}\n---\n\n```sh name=part map=values.csv\nawk -v least=$least '$1 >= least' \"$table\" > part-$id.txt\n```\n\n```sh name=join join=part\ncat \"$@\" > $name.txt\n```\n");
            trial.Varve("run", "p.md").Succeeded();
        }
        var folder = trial.Host + "/crate";
        trial.Varve("export", "all.txt", "--as", "ro-crate", "-o", folder + "/").Succeeded();
        var crate = Crate.Read(folder + "/ro-crate-metadata.json");

        // RO-Crate 1.1: the descriptor, the root, and files that are there.
        Assert.Contains("https://w3id.org/ro/crate/1.1", Crate.References(crate.Entities["ro-crate-metadata.json"], "conformsTo"));
        Assert.Equal(["./"], Crate.References(crate.Entities["ro-crate-metadata.json"], "about"));
        var root = crate.Entities["./"];
        foreach (var needed in new[] { "name", "description", "datePublished", "license" }) Assert.False(string.IsNullOrEmpty(root.GetProperty(needed).GetString()), $"the root has no {needed}");
        foreach (var part in Crate.References(root, "hasPart")) Assert.True(part.StartsWith("urn:varve:sha256:", StringComparison.Ordinal) || File.Exists($"{folder}/{Uri.UnescapeDataString(part)}"), $"{part} is not in the crate");
        foreach (var (id, _) in crate.Of("File")) Assert.Contains(id, Crate.References(root, "hasPart"));
        Assert.Equal(trial.Read("all.txt"), File.ReadAllText(folder + "/all.txt"));
        foreach (var (id, entity) in crate.Entities)
            foreach (var property in entity.EnumerateObject())
                foreach (var other in Crate.References(entity, property.Name))
                    Assert.True(crate.Entities.ContainsKey(other) || other.StartsWith("http", StringComparison.Ordinal), $"{id}: {property.Name} leads to {other}, which is not described");

        // The profiles, by their versioned names, each described.
        foreach (var profile in new[] { "https://w3id.org/ro/wfrun/process/0.5", "https://w3id.org/ro/wfrun/workflow/0.5", "https://w3id.org/ro/wfrun/provenance/0.5" })
        {
            Assert.Contains(profile, Crate.References(root, "conformsTo"));
            Assert.Contains("CreativeWork", Crate.Types(crate.Entities[profile]));
        }
        // Workflow RO-Crate: the main workflow and its language.
        var main = Assert.Single(Crate.References(root, "mainEntity"));
        Assert.Superset(new HashSet<string> { "File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo" }, Crate.Types(crate.Entities[main]).ToHashSet());
        crate.Refers(main, "programmingLanguage", "ComputerLanguage");
        // Process Run Crate.
        foreach (var (id, _) in crate.Of("CreateAction")) crate.Refers(id, "instrument", Tools);
        // Workflow Run Crate.
        crate.Refers(main, "input", "FormalParameter");
        crate.Refers(main, "output", "FormalParameter");
        foreach (var (id, parameter) in crate.Of("FormalParameter"))
        {
            Assert.True(parameter.TryGetProperty("additionalType", out _), $"{id} has no additionalType");
            crate.Refers(id, "workExample", "File", "Dataset", "Collection", "PropertyValue");
        }
        // Provenance Run Crate.
        crate.Refers(main, "hasPart", Tools);
        foreach (var tool in Crate.References(crate.Entities[main], "hasPart")) crate.IsReferred(tool, "instrument", "CreateAction", "ActivateAction", "UpdateAction");
        foreach (var (id, step) in crate.Of("HowToStep"))
        {
            crate.IsReferred(id, "step", "ComputationalWorkflow");
            crate.Refers(id, "workExample", Tools);
            Assert.True(int.TryParse(step.GetProperty("position").GetString(), out _));
        }
        foreach (var (id, _) in crate.Of("ControlAction"))
        {
            crate.Refers(id, "instrument", "HowToStep");
            crate.Refers(id, "object", "CreateAction", "ActivateAction", "UpdateAction");
        }
        var organise = Assert.Single(crate.Of("OrganizeAction")).Id;
        crate.Refers(organise, "instrument", Tools);
        crate.Refers(organise, "result", "CreateAction");
        crate.Refers(organise, "object", "ControlAction");
        // Three executions and the whole run.
        Assert.Equal(4, crate.Of("CreateAction").Count());
        // The document in the crate is the pipeline: it runs.
        using var elsewhere = new Trial(test: "crate elsewhere " + way);
        elsewhere.Plain(elsewhere.Workspace, "cp", "-r", folder + "/.", ".").Succeeded();
        File.Delete(elsewhere.At("all.txt"));
        elsewhere.Write("base.txt", "3\n1\n2\n");
        elsewhere.Varve("run", "pipeline.md").Succeeded();
        Assert.Equal(trial.Read("all.txt"), elsewhere.Read("all.txt"));
    }
}
