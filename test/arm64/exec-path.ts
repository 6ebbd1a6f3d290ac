/** Node under QEMU does not know that it is: the programs that tests start have to be started the same way. */
process.execPath = process.env.ACCELNODE_TEST_NODE!;
