using Xunit.v3;

// Devices are several processes each; more at once than this only slows two cores down.
[assembly: Parallelization(MaxThreads = 3)]
