//! The seccomp filter: calls that a sandboxed program has no use for and that have opened sandboxes
//! before. Everything else is allowed; the namespaces do the real work.

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};
use std::{collections::BTreeMap, io};

const REFUSED: [libc::c_long; 41] = [
    // Mounts and namespaces.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    // Other processes' memory and files.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    // Keys are not kept apart by namespaces.
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    // Wide doors into the kernel.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_fanotify_init,
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_reboot,
    libc::SYS_quotactl,
    // Memory that belongs to no process, so that no limit counts it.
    libc::SYS_shmget,
    libc::SYS_msgget,
];

/// The highest socket family that is allowed: Unix, IPv4, IPv6 and netlink are; beyond stand raw packets,
/// kernel cryptography and vsock, which reaches a virtual machine's host past the network namespace.
const LAST_FAMILY: u64 = libc::AF_NETLINK as u64;

/// The filter as bubblewrap reads it: an array of `struct sock_filter` in native byte order.
pub(crate) fn program() -> io::Result<Vec<u8>> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        REFUSED.into_iter().map(|call| (call, Vec::new())).collect();
    let user_namespace = SeccompCmpOp::MaskedEq(libc::CLONE_NEWUSER as u64);
    rules.insert(libc::SYS_clone, vec![argument(user_namespace, libc::CLONE_NEWUSER as u64)?]);
    for call in [libc::SYS_socket, libc::SYS_socketpair] {
        rules.insert(call, vec![argument(SeccompCmpOp::Gt, LAST_FAMILY)?]);
    }
    let refuse = SeccompAction::Errno(libc::EPERM as u32);
    let machine = std::env::consts::ARCH.try_into().map_err(io::Error::other)?;
    let filter =
        SeccompFilter::new(rules, SeccompAction::Allow, refuse, machine).map_err(io::Error::other)?;
    let program: BpfProgram = filter.try_into().map_err(io::Error::other)?;
    let mut bytes: Vec<u8> = prefix().into_iter().flatten().collect();
    for step in program {
        bytes.extend(encode(step.code, step.jt, step.jf, step.k));
    }
    Ok(bytes)
}

fn argument(op: SeccompCmpOp, value: u64) -> io::Result<SeccompRule> {
    let condition = SeccompCondition::new(0, SeccompCmpArgLen::Dword, op, value).map_err(io::Error::other)?;
    SeccompRule::new(vec![condition]).map_err(io::Error::other)
}

/// What the library can't say: `clone3` hides its flags behind a pointer, so it is "not there" and libc
/// falls back to `clone`; and x32, a second table of the same calls on x86-64, is not there at all.
fn prefix() -> [[u8; 8]; 5] {
    const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const AT_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let missing = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;
    [
        encode(LOAD, 0, 0, 0),
        encode(AT_LEAST, 0, 1, 0x4000_0000),
        encode(RETURN, 0, 0, missing),
        encode(EQUAL, 0, 1, libc::SYS_clone3 as u32),
        encode(RETURN, 0, 0, missing),
    ]
}

fn encode(code: u16, jump_true: u8, jump_false: u8, k: u32) -> [u8; 8] {
    let ([a, b], [e, f, g, h]) = (code.to_ne_bytes(), k.to_ne_bytes());
    [a, b, jump_true, jump_false, e, f, g, h]
}
