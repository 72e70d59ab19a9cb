using Xunit.v3;

// Devices are several processes each; more at once than this only slows two cores down.
[assembly: Parallelization(Mode = Xunit.Sdk.ParallelMode.All, MaxThreads = 3)]
