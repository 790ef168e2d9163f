package io.donjon.extents.sim;

import io.donjon.extents.Directory;

class SimDiskBufferedContractTest extends DirectoryContract {
    SimDiskBufferedContractTest() {
        super(Directory.Access.BUFFERED);
    }

    @Override
    protected Directory newDirectory() {
        return new SimDisk("/disk", new SimPower(1));
    }
}
