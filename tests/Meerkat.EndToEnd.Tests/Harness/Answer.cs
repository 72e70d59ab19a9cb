using System.Text.Json.Nodes;

namespace Meerkat.EndToEnd.Tests.Harness;

/// <summary>An answer by HTTP.</summary>
internal sealed record Answer(int Status, string Text);

/// <summary>An answer to a call: a result, or the code and the words of an error.</summary>
internal sealed record Reply(JsonNode? Result, int Code, string Error)
{
    public bool Succeeded => Error.Length == 0;
}
