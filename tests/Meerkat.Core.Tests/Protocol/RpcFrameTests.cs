using System.Text;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;

namespace Meerkat.Core.Tests.Protocol;

public sealed class RpcFrameTests
{
    [Theory]
    [InlineData("""{"src":"mos","id":1662941514412,"method":"RPC.List"}""", """{"id":1662941514412,"src":"dev","dst":"mos","result":null}""")]
    [InlineData("""{"id":9223372036854775807,"method":"A"}""", """{"id":9223372036854775807,"src":"dev","result":null}""")]
    [InlineData("""{"id":123456789012345678901234567890,"method":"A"}""", """{"id":123456789012345678901234567890,"src":"dev","result":null}""")]
    [InlineData("""{"id":"17","method":"A"}""", """{"id":17,"src":"dev","result":null}""")]
    [InlineData("""{"id":"007","method":"A"}""", """{"id":"007","src":"dev","result":null}""")]
    [InlineData("""{"id":-5,"method":"A"}""", """{"id":"-5","src":"dev","result":null}""")]
    [InlineData("""{"id":1.5,"method":"A"}""", """{"id":"1.5","src":"dev","result":null}""")]
    [InlineData("""{"id":"a\"b","method":"A"}""", """{"id":"a\"b","src":"dev","result":null}""")]
    [InlineData("""{"id":1,"method":"A","dst":"me","src":"you","tag":"t"}""", """{"id":1,"src":"me","dst":"you","tag":"t","result":null}""")]
    [InlineData("""{"id":1,"method":"A","dst":"","src":5,"tag":{}}""", """{"id":1,"src":"dev","result":null}""")]
    public void Request_IsAnsweredWithItsIdAndAddresses(string request, string answer)
    {
        var parsed = Assert.IsType<RpcFrame.Request>(Parse(request)).Value;
        var response = RpcResponse.To(parsed, new RpcOutcome.Succeeded(null), "dev");
        Assert.Equal(answer, Encoding.UTF8.GetString(response.ToUtf8()));
    }

    [Theory]
    [InlineData("""{"method":"A"}""")]
    [InlineData("""{"method":"A","id":""}""")]
    public void RequestWithoutId_IsNotification(string request) =>
        Assert.True(Assert.IsType<RpcFrame.Request>(Parse(request)).Value.IsNotification);

    [Theory]
    [InlineData("""{"id":1,"method":"A","params":{"a":2.50}}""", """{"a":2.50}""")]
    [InlineData("""{"id":1,"method":"A","args":{"a":1}}""", """{"a":1}""")]
    [InlineData("""{"id":1,"method":"A","params":{"a":1},"args":{"a":2}}""", """{"a":1}""")]
    [InlineData("""{"id":1,"method":"A","args":{"a":2},"params":{"a":1}}""", """{"a":1}""")]
    public void Arguments_AreTakenFromParamsElseArgs(string request, string arguments) =>
        Assert.Equal(arguments, Assert.IsType<RpcFrame.Request>(Parse(request)).Value.Params.GetRawText());

    [Theory]
    [InlineData("", "not JSON")]
    [InlineData("hello", "not JSON")]
    [InlineData("""{"id":1,"method":"A"} x""", "not JSON")]
    [InlineData("""{"id":1,"method":"A","method":"B"}""", "not JSON")]
    [InlineData("[1]", "a frame is a JSON object, found an array")]
    [InlineData("{}", "neither a method nor an id")]
    [InlineData("""{"id":null,"method":"A"}""", "id must be a number or a string, found null")]
    [InlineData("""{"id":{},"method":"A"}""", "id must be a number or a string, found an object")]
    [InlineData("""{"id":1,"method":5}""", "method must be a string, found 5")]
    public void BytesThatAreNoFrame_AreRejectedWithReason(string bytes, string reason) =>
        Assert.Contains(reason, Assert.IsType<RpcFrame.Rejected>(Parse(bytes)).Reason);

    [Fact]
    public void TooLongFrame_IsRejectedBeforeReading()
    {
        var frame = Encoding.UTF8.GetBytes("""{"id":1,"method":"A"}""");
        Assert.IsType<RpcFrame.Request>(RpcFrame.Parse(frame, frame.Length));
        var rejected = Assert.IsType<RpcFrame.Rejected>(RpcFrame.Parse(frame, frame.Length - 1));
        Assert.Equal("the frame has 21 bytes, at most 20 are accepted", rejected.Reason);
    }

    [Theory]
    [InlineData(30, true)]
    [InlineData(32, false)]
    public void Depth_IsLimited(int arrays, bool accepted)
    {
        var frame = $$"""{"id":1,"method":"A","params":{{new string('[', arrays)}}{{new string(']', arrays)}}}""";
        Assert.Equal(accepted, Parse(frame) is RpcFrame.Request);
    }

    [Theory]
    [InlineData("""{"id":1,"error":{"code":0}}""", 0, null)]
    [InlineData("""{"id":1,"error":{"code":-1}}""", -1, null)]
    [InlineData("""{"id":1,"error":{"code":404,"message":"No handler for X"}}""", 404, "No handler for X")]
    [InlineData("""{"id":1,"error":{"message":"no code"}}""", -1, "no code")]
    public void ErrorResponse_IsRead(string frame, int code, string? message)
    {
        var response = Assert.IsType<RpcFrame.Response>(Parse(frame)).Value;
        var error = Assert.IsType<RpcOutcome.Failed>(response.Outcome).Error;
        Assert.Equal((code, message, code == 0), (error.Code, error.Message, error.MeansSuccess));
    }

    [Fact]
    public void Result_IsReadAndWrittenVerbatim()
    {
        const string Frame = """{"id":1,"result":{"n":2.50,"big":12345678901234567890,"text":"a+b/c=","ü":"ß"}}""";
        var response = Assert.IsType<RpcFrame.Response>(Parse(Frame)).Value;
        Assert.Equal(Frame, Encoding.UTF8.GetString(response.ToUtf8()));
    }

    [Fact]
    public void ErrorAndRequest_AreWrittenInTheOrderOfTheSpecification()
    {
        var error = new RpcError(RpcErrorCode.NotFound, "No handler for X", new JsonObject { ["hint"] = 1 });
        var response = new RpcResponse(new RpcId(7), new RpcOutcome.Failed(error)) { Source = "a", Destination = "b", Tag = "c" };
        Assert.Equal(
            """{"id":7,"src":"a","dst":"b","tag":"c","error":{"code":404,"message":"No handler for X","data":{"hint":1}}}""",
            Encoding.UTF8.GetString(response.ToUtf8()));
        var request = new RpcRequest(new RpcId(7), "M") { Source = "a", Params = RpcJson.ToElement(JsonNode.Parse("""{"x":0.10}""")) };
        Assert.Equal("""{"id":7,"src":"a","method":"M","params":{"x":0.10}}""", Encoding.UTF8.GetString(request.ToUtf8()));
    }

    [Fact]
    public void ErrorCodes_KeepTheirNumbers() =>
        Assert.Equal([-1, 0, 400, 401, 403, 404, 409, 418, 429, 500, 501], Enum.GetValues<RpcErrorCode>().Select(c => (int)c).Order());

    private static RpcFrame Parse(string frame) => RpcFrame.Parse(Encoding.UTF8.GetBytes(frame), 65536);
}
