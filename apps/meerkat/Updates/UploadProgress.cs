using Meerkat.Core.Values;
using Spectre.Console;

namespace Meerkat.Tool.Updates;

/// <summary>Shows an upload on standard error: a bar on a terminal, a few plain lines elsewhere.</summary>
internal static class UploadProgress
{
    private const int PlainStepPercent = 25;

    public static async Task<T> ShowAsync<T>(string name, long totalBytes, Func<Action<long>, Task<T>> upload)
    {
        if (Console.IsErrorRedirected)
        {
            await Console.Error.WriteLineAsync($"sending {name} ({new ByteSize(totalBytes)})");
            return await upload(PlainLines(totalBytes));
        }
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return await console.Progress()
            .Columns(
                new TaskDescriptionColumn(),
                new ProgressBarColumn(),
                new PercentageColumn(),
                new TransferSpeedColumn(),
                new SpinnerColumn())
            .StartAsync(async context =>
            {
                var task = context.AddTask(Markup.Escape($"sending {name}"), maxValue: Math.Max(1, totalBytes));
                var answer = await upload(sent =>
                {
                    task.Value = sent;
                    if (sent == totalBytes)
                    {
                        task.Description = "verifying on the device";
                    }
                });
                task.StopTask();
                return answer;
            });
    }

    private static Action<long> PlainLines(long totalBytes)
    {
        var shown = 0L;
        return sent =>
        {
            var percent = totalBytes == 0 ? 100 : sent * 100 / totalBytes;
            if (percent / PlainStepPercent > shown / PlainStepPercent)
            {
                shown = percent;
                Console.Error.WriteLine($"sent {percent / PlainStepPercent * PlainStepPercent} %");
            }
        };
    }
}
