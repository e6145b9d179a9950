package org.jmoco.app;

import picocli.CommandLine.Mixin;

/** Where and how a training computes, and what it shows of that. None of it changes the run. */
final class MachineOptions {
    @Mixin
    ImageFeedOptions images;

    @Mixin
    BackendOptions backend;

    @Mixin
    ProgramOptions program;
}
