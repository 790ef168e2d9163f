package io.donjon.extents;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.donjon.extents.IoMeter.Snapshot;
import io.donjon.extents.IoMeter.Transfers;
import org.junit.jupiter.api.Test;

class IoMeterTest {
    private final IoMeter meter = new IoMeter();

    @Test
    void theFirstReadOfAFileIsRandomAndWhatFollowsOnItIsSequential() {
        IoMeter.FileMeter file = meter.newFile();
        file.read(0, 10);
        file.read(10, 20);
        file.read(30, 5);
        file.read(0, 7);
        assertEquals(new Transfers(2, 25, 2, 17), meter.snapshot().reads());
    }

    @Test
    void readsAndWritesAreFollowedApart() {
        IoMeter.FileMeter file = meter.newFile();
        file.wrote(0, 10);
        file.read(10, 10);
        file.wrote(10, 10);
        assertEquals(new Transfers(0, 0, 1, 10), meter.snapshot().reads());
        assertEquals(new Transfers(1, 10, 1, 10), meter.snapshot().writes());
    }

    @Test
    void openFilesAreFollowedApart() {
        meter.newFile().wrote(0, 10);
        meter.newFile().wrote(10, 10);
        assertEquals(new Transfers(0, 0, 2, 20), meter.snapshot().writes());
    }

    @Test
    void sumsAndDifferencesCoverEveryFigure() {
        IoMeter.FileMeter file = meter.newFile();
        file.read(0, 1);
        file.wrote(50, 1);
        file.forced();
        meter.synced();
        Snapshot before = meter.snapshot();
        file.read(1, 2);
        file.read(100, 4);
        file.wrote(0, 8);
        file.wrote(8, 16);
        file.forced();
        file.forced();
        meter.synced();
        Snapshot between = meter.snapshot().minus(before);
        assertEquals(new Snapshot(new Transfers(1, 2, 1, 4), new Transfers(1, 16, 1, 8), 2, 1), between);
        assertEquals(2, between.reads().ops());
        assertEquals(6, between.reads().bytes());
    }
}
