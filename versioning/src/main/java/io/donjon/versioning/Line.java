package io.donjon.versioning;

/** Placeholder. */
public final class Line {}
