package io.donjon.extents.sim;

import io.donjon.extents.Directory;

class SimDiskDirectContractTest extends DirectoryContract {
    SimDiskDirectContractTest() {
        super(Directory.Access.DIRECT);
    }

    @Override
    protected Directory newDirectory() {
        return new SimDisk("/disk", new SimPower(1));
    }
}
