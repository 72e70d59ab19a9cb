using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Meerkat.Core.Health;
using Meerkat.Core.Settings;

namespace Meerkat.Core.Tests.Health;

public sealed class HealthContractTests
{
    [Fact]
    public void File_IsReadWhole()
    {
        var contract = Found("""
            {"min_time": 30, "max_time": 300, "interval": 10, "probes": [
              {"name": "web", "http": "http://127.0.0.1:8081/healthz", "status": 204, "timeout": 7},
              {"tcp": "127.0.0.1:5432"}, {"tcp": "[::1]:80"}, {"command": "bin/check --all"},
              {"ready": true}, {"alive": true}, {"mqtt": true}, {"fleet": true}]}
            """);
        Assert.Equal((30, 300, 10), (contract.MinTime.TotalSeconds, contract.MaxTime.TotalSeconds, contract.Interval.TotalSeconds));
        Assert.Equal(
            [
                new HealthProbe.Http("web", new Uri("http://127.0.0.1:8081/healthz"), 204) { Timeout = TimeSpan.FromSeconds(7) },
                new HealthProbe.Tcp("tcp", "127.0.0.1", 5432),
                new HealthProbe.Tcp("tcp 2", "::1", 80),
                new HealthProbe.Command("command", "bin/check --all"),
                new HealthProbe.Ready("ready"),
                new HealthProbe.Alive("alive"),
                new HealthProbe.Mqtt("mqtt"),
                new HealthProbe.Fleet("fleet"),
            ],
            contract.Probes);
    }

    [Fact]
    public void SmallestFile_HasDefaults()
    {
        var contract = Found("""{"probes": [{"alive": true}]}""");
        Assert.Equal((0, 300, 2), (contract.MinTime.TotalSeconds, contract.MaxTime.TotalSeconds, contract.Interval.TotalSeconds));
        Assert.Equal(TimeSpan.FromSeconds(5), contract.Probes[0].Timeout);
    }

    /// <summary>A name that is made does not take one that is given later.</summary>
    [Fact]
    public void MadeNames_LeaveGivenOnesAlone() => Assert.Equal(
        ["tcp 2", "tcp"], Found("""{"probes": [{"tcp": "a:1"}, {"name": "tcp", "tcp": "b:2"}]}""").Probes.Select(probe => probe.Name));

    [Theory]
    [InlineData("", "health.json: expected JSON: ")]
    [InlineData("[]", "health.json: expected an object, found an array")]
    [InlineData("null", "health.json: expected an object, found null")]
    [InlineData("{}", "health.json: expected \"probes\", found none")]
    [InlineData("""{"probes": [{"alive": true}], "retries": 3}""", "health.json: expected min_time, max_time, interval, probes, found \"retries\"")]
    [InlineData("""{"probes": [{"alive": true}], "probes": []}""", "health.json: expected JSON: ")]
    [InlineData("""{"probes": {}}""", "health.json: probes: expected an array of 1 to 16 probes, found an object")]
    [InlineData("""{"probes": []}""", "health.json: probes: expected an array of 1 to 16 probes, found 0")]
    [InlineData("""{"probes": [1]}""", "health.json: probes[0]: expected an object, found a number")]
    [InlineData("""{"probes": [{"name": "x"}]}""", "health.json: probes[0]: expected one of alive, ready, http, tcp, command, mqtt, fleet, found none")]
    [InlineData("""{"probes": [{"alive": true, "tcp": "a:1"}]}""", "health.json: probes[0]: expected one of alive, ready, http, tcp, command, mqtt, fleet, found alive and tcp")]
    [InlineData("""{"probes": [{"alive": false}]}""", "health.json: probes[0].alive: expected true, found false")]
    [InlineData("""{"probes": [{"alive": true, "status": 200}]}""", "health.json: probes[0]: expected name, timeout and \"alive\", found \"status\"")]
    [InlineData("""{"probes": [{"http": "http://a/", "stat": 200}]}""", "health.json: probes[0]: expected name, timeout, status and \"http\", found \"stat\"")]
    [InlineData("""{"probes": [{"http": "/healthz"}]}""", "health.json: probes[0].http: expected an address like http://127.0.0.1:8081/healthz, found \"/healthz\"")]
    [InlineData("""{"probes": [{"http": "file:///etc/passwd"}]}""", "health.json: probes[0].http: expected an address like http://127.0.0.1:8081/healthz, found \"file:///etc/passwd\"")]
    [InlineData("""{"probes": [{"http": "http://u:p@a/"}]}""", "health.json: probes[0].http: expected an address like http://127.0.0.1:8081/healthz, found \"http://u:p@a/\"")]
    [InlineData("""{"probes": [{"http": 8080}]}""", "health.json: probes[0].http: expected a text, found a number")]
    [InlineData("""{"probes": [{"http": "http://a/", "status": 99}]}""", "health.json: probes[0].status: expected a whole number from 100 to 599, found 99")]
    [InlineData("""{"probes": [{"http": "http://a/", "status": "200"}]}""", "health.json: probes[0].status: expected a whole number from 100 to 599, found a text")]
    [InlineData("""{"probes": [{"alive": true}, {"tcp": "5432"}]}""", "health.json: probes[1].tcp: expected host and port like 127.0.0.1:5432, found \"5432\"")]
    [InlineData("""{"probes": [{"tcp": "a:0"}]}""", "health.json: probes[0].tcp: expected host and port like 127.0.0.1:5432, found \"a:0\"")]
    [InlineData("""{"probes": [{"tcp": "::1:80"}]}""", "health.json: probes[0].tcp: expected host and port like 127.0.0.1:5432, found \"::1:80\"")]
    [InlineData("""{"probes": [{"command": " "}]}""", "health.json: probes[0].command: expected 1 to 1024 bytes without control characters, found \" \"")]
    [InlineData("""{"probes": [{"command": "a\u0000b"}]}""", "health.json: probes[0].command: expected 1 to 1024 bytes without control characters, found \"a b\"")]
    [InlineData("""{"probes": [{"name": "a", "alive": true}, {"name": "a", "ready": true}]}""", "health.json: probes[1].name: expected a name of its own, found \"a\" again")]
    [InlineData("""{"probes": [{"name": "", "alive": true}]}""", "health.json: probes[0].name: expected 1 to 32 bytes without control characters, found \"\"")]
    [InlineData("""{"probes": [{"alive": true, "timeout": 0}]}""", "health.json: probes[0].timeout: expected a whole number from 1 to 600, found 0")]
    [InlineData("""{"min_time": 1.5, "probes": [{"alive": true}]}""", "health.json: min_time: expected a whole number from 0 to 604800, found 1.5")]
    [InlineData("""{"max_time": 0, "probes": [{"alive": true}]}""", "health.json: max_time: expected a whole number from 1 to 604800, found 0")]
    [InlineData("""{"max_time": 1e99, "probes": [{"alive": true}]}""", "health.json: max_time: expected a whole number from 1 to 604800, found 1e99")]
    [InlineData("""{"min_time": 60, "max_time": 60, "probes": [{"alive": true}]}""", "health.json: max_time: expected more than min_time, which is 60 s, found 60 s")]
    [InlineData("""{"min_time": 400, "probes": [{"alive": true}]}""", "health.json: max_time: expected more than min_time, which is 400 s, found 300 s")]
    [InlineData("""{"interval": 0, "probes": [{"alive": true}]}""", "health.json: interval: expected a whole number from 1 to 3600, found 0")]
    public void WrongFile_IsRefusedWithWhereAndWhat(string text, string problem) => Assert.StartsWith(
        problem, Assert.IsType<HealthReading.Damaged>(HealthContractParser.OfFile(Encoding.UTF8.GetBytes(text))).Problem, StringComparison.Ordinal);

    [Fact]
    public void LongFile_IsRefused() => Assert.Equal(
        "health.json: expected at most 65536 bytes, found 65537",
        Assert.IsType<HealthReading.Damaged>(HealthContractParser.OfFile(new byte[65537])).Problem);

    [Fact]
    public void DamagedContract_NeverCommits_ButEnds() =>
        Assert.Equal(TimeSpan.FromSeconds(300), HealthContractParser.OfFile("{"u8).MaxTime);

    /// <summary>Whatever stands in the file, it is read or refused with words.</summary>
    [Fact]
    public void AnyText_IsAContractOrAProblem()
    {
        string[] pieces =
        [
            "{", "}", "[", "]", ",", ":", "\"probes\"", "\"alive\"", "\"http\"", "\"tcp\"", "\"min_time\"", "\"max_time\"", "\"name\"",
            "true", "null", "1", "-1", "1e400", "\"http://[::1]:99999/\"", "\"a:1\"", "\"\\ud800\"", "\"\"",
        ];
        Gen.Int[0, pieces.Length - 1].Select(index => pieces[index]).Array[0, 14].Sample(words =>
        {
            var reading = HealthContractParser.OfFile(Encoding.UTF8.GetBytes(string.Concat(words)));
            Assert.True(reading is HealthReading.Found or HealthReading.Damaged { Problem.Length: > 0 });
        });
    }

    [Fact]
    public void NoKeys_NoContract() => Assert.IsType<HealthReading.None>(Keys("{}"));

    [Fact]
    public void TimesAlone_AreNoContract() => Assert.IsType<HealthReading.None>(Keys("""{"min_time": 500, "max_time": 20}"""));

    [Fact]
    public void Keys_AreAContract()
    {
        var contract = Assert.IsType<HealthReading.Found>(Keys("""
            {"min_time": 5, "max_time": 60, "http": "http://127.0.0.1:8081/a  http://127.0.0.1:8081/b", "tcp": "db:5432",
             "command": "bin/check all", "alive": true, "ready": true, "mqtt": true, "fleet": true}
            """)).Contract;
        Assert.Equal((5, 60), (contract.MinTime.TotalSeconds, contract.MaxTime.TotalSeconds));
        Assert.Equal(
            [
                new HealthProbe.Alive("alive"),
                new HealthProbe.Ready("ready"),
                new HealthProbe.Http("http", new Uri("http://127.0.0.1:8081/a"), null),
                new HealthProbe.Http("http 2", new Uri("http://127.0.0.1:8081/b"), null),
                new HealthProbe.Tcp("tcp", "db", 5432),
                new HealthProbe.Command("command", "bin/check all"),
                new HealthProbe.Mqtt("mqtt"),
                new HealthProbe.Fleet("fleet"),
            ],
            contract.Probes);
    }

    [Theory]
    [InlineData("""{"http": "127.0.0.1:8081"}""", "health.http: expected an address like http://127.0.0.1:8081/healthz, found \"127.0.0.1:8081\"")]
    [InlineData("""{"tcp": "db"}""", "health.tcp: expected host and port like 127.0.0.1:5432, found \"db\"")]
    [InlineData("""{"alive": true, "min_time": 60, "max_time": 30}""", "health.max_time: expected more than health.min_time, which is 60 s, found 30 s")]
    [InlineData("""{"tcp": "a:1 a:1 a:1 a:1 a:1 a:1 a:1 a:1 a:1 a:1 a:1 a:1 a:1 a:1 a:1 a:1 a:1"}""", "health: expected at most 16 probes, found 17")]
    public void WrongKeys_AreAProblem(string keys, string problem) =>
        Assert.Equal(problem, Assert.IsType<HealthReading.Damaged>(Keys(keys)).Problem);

    private static HealthContract Found(string text) =>
        Assert.IsType<HealthReading.Found>(HealthContractParser.OfFile(Encoding.UTF8.GetBytes(text))).Contract;

    private static HealthReading Keys(string health) =>
        HealthContractParser.OfKeys(new SettingValues(new JsonObject { ["health"] = JsonNode.Parse(health) }));
}
