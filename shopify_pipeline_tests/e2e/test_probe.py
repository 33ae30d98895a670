import time
def test_probe(opened, tmp_path):
    t=time.time()
    i=opened.copy(tmp_path/"probe_1"); print("copy",time.time()-t); t=time.time()
    for c in (["sync"],["push","--json"],["reconcile","--json"]):
        r=i.run(*c); print(c,time.time()-t,r.code,r.out,r.err); t=time.time()
    print(i.rows("select * from recon.breaks"))
    h=i.holds(); print(h)
    print(time.time()-t)
    print(i.difference_to_truth())
    print(time.time()-t); 
    print((opened.tryton.log).read_text()[-3000:])
    print(set(opened.store.operations()))
    print([o for o in opened.home.rglob("*") if o.is_file()][:30])
    print(i.rows("select stage, finished_at-started_at, counts from ops.stages order by 1"))
    assert 0
