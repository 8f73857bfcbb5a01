<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

/**
 * The same road from a shell and over HTTP.
 */
final class ApplyBackProcessTest extends ProcessTestCase {

	use RunAssertions;

	private const GREETING = '/workspace/project/greeting.txt';

	private string $repository;

	private string $workspace;

	protected function setUp(): void {
		parent::setUp();
		Site::remove( Site::artifacts_root() );
		$this->workspace  = Site::fixture( 'workspace' );
		$this->repository = WP_CONTENT_DIR . '/wp-codebox-tests/repository';
		Site::remove( $this->repository );
		Site::copy( $this->workspace, $this->repository );
		$this->git( 'init', '-q', '-b', 'main' );
		$this->git( 'add', '-A' );
		$this->git( '-c', 'user.name=t', '-c', 'user.email=t@example.org', 'commit', '-q', '-m', 'begin' );
		update_site_option(
			'wp_codebox_apply_targets',
			array(
				array(
					'name'   => 'repository',
					'kind'   => 'git',
					'path'   => $this->repository,
					'branch' => 'reviewed',
				),
				array(
					'name' => 'workspace',
					'kind' => 'directory',
					'path' => $this->workspace,
				),
			)
		);
	}

	protected function tearDown(): void {
		delete_site_option( 'wp_codebox_apply_targets' );
		Site::remove( $this->repository );
		parent::tearDown();
	}

	public function test_the_whole_road_on_wp_cli(): void {
		$id    = $this->run_it();
		$files = '--approved-files=' . self::GREETING . ',/workspace/project/notes/added.txt';
		$this->wp( 'artifacts', 'inspect', $id );
		$this->wp( 'artifacts', 'verify', $id );

		$dry = $this->wp( 'artifacts', 'apply', $id, $files, '--apply-target={"name":"repository"}', '--dry-run' );
		self::assertSame( 'dry-run', $dry['result']['status'] );

		// Both spellings of the command, and both of the list.
		$staged = $this->wp( 'artifacts', 'stage', $id, $files, '--apply-target={"name":"repository"}' );
		$this->wp( 'artifacts', 'stage-apply', $id, '--approved-files=["' . self::GREETING . '"]' );
		$pending = $this->wp( 'artifacts', 'pending', 'pending' );
		self::assertCount( 2, $pending['pending'] );

		$accepted = $this->wp( 'artifacts', 'accept', $staged['pending_id'] );
		self::assertSame( 'applied', $accepted['state'] );
		self::assertSame( 'reviewed', $accepted['apply']['result']['branch'] );
		self::assertSame( "Hello, sandbox\n", $this->git( 'show', 'reviewed:greeting.txt' ) );
		self::assertSame( "to be removed\n", $this->git( 'show', 'reviewed:notes/removed.txt' ) );
		self::assertStringContainsString( "Artifact: $id", $this->git( 'log', '-1', '--format=%B', 'reviewed' ) );
		self::assertSame( '', $this->git( 'status', '--porcelain' ) );

		$other    = array_values( array_diff( array_column( $pending['pending'], 'pending_id' ), array( $staged['pending_id'] ) ) )[0];
		$rejected = $this->wp( 'artifacts', 'reject', $other, '--reason=Not like this' );
		self::assertSame( 'Not like this', $rejected['decision']['reason'] );
		Site::wp( 'codebox', 'artifacts', 'accept', $other )->assert_refused( 'wp_codebox_pending_apply_decided' );

		$verified = $this->wp( 'artifacts', 'verify' );
		self::assertTrue( $verified['valid'] );
		self::assertSame( 2, $verified['audits'][0]['records'] );
		$this->wp( 'artifacts', 'discard', $id );
		Site::wp( 'codebox', 'artifacts', 'discard', $id )->assert_refused( 'wp_codebox_artifact_not_found' );
	}

	public function test_refusals_on_wp_cli(): void {
		$id = $this->run_it();
		Site::wp( 'codebox', 'artifacts', 'apply', $id )->assert_refused( 'wp_codebox_approved_files_missing', 'approved_files' );
		Site::wp( 'codebox', 'artifacts', 'apply', $id, '--approved-files=/nope' )->assert_refused( 'wp_codebox_approved_files_invalid' );
		Site::wp( 'codebox', 'artifacts', 'preflight-apply', $id, '--approved-files=' . self::GREETING )->assert_refused( 'wp_codebox_approved_files_incomplete' );
		Site::wp( 'codebox', 'artifacts', 'apply', $id, '--approved-files=' . self::GREETING )->assert_refused( 'wp_codebox_apply_target_invalid', 'apply_target' );
		file_put_contents( $this->workspace . '/greeting.txt', "stale\n" );
		Site::wp( 'codebox', 'artifacts', 'apply', $id, '--approved-files=' . self::GREETING )->assert_refused( 'wp_codebox_apply_base_stale' );
		$log = Site::artifacts_root() . '/apply-audit.jsonl';
		file_put_contents( $log, str_replace( 'started', 'ignored', (string) file_get_contents( $log ) ) );
		$ended = Site::wp( 'codebox', 'artifacts', 'verify' );
		self::assertSame( 1, $ended->status );
		self::assertFalse( $ended->json()['valid'] );
		self::assertStringContainsString( 'wp_codebox_artifact_verification_failed', $ended->stderr );
	}

	public function test_a_comma_in_a_name_on_wp_cli_is_never_taken_for_one_between_names(): void {
		$id     = $this->run_it( 'commas' );
		$root   = '/workspace/project';
		$target = '--apply-target={"name":"workspace"}';
		foreach ( array( "$root/a,b.php", "$root/a,$root/greeting.txt" ) as $text ) {
			$ended = Site::wp( 'codebox', 'artifacts', 'apply', $id, "--approved-files=$text", $target );
			$ended->assert_refused( 'wp_codebox_approved_files_invalid', 'approved_files' );
			self::assertStringContainsString( 'JSON list', $ended->stderr );
			$list = '--approved-files=' . json_encode( array( $text ) );
			self::assertSame( array( $text ), $this->wp( 'artifacts', 'apply', $id, $list, $target, '--dry-run' )['approved_files'] );
		}
		$this->wp( 'artifacts', 'apply', $id, '--approved-files=' . json_encode( array( "$root/a,b.php" ) ), $target );
		self::assertSame( "comma\n", file_get_contents( $this->workspace . '/a,b.php' ) );
		self::assertFileDoesNotExist( $this->workspace . '/a' );
		$large = '--apply-target=' . json_encode( array( 'name' => str_repeat( 'x', 20000 ) ) );
		Site::wp( 'codebox', 'artifacts', 'apply', $id, "--approved-files=$root/a", $large )->assert_refused( 'wp_codebox_input_invalid', 'apply_target' );
	}

	public function test_import_and_prune_on_wp_cli(): void {
		$id  = $this->run_it();
		$zip = Site::scratch( 'bundle.zip' );
		@unlink( $zip );
		$archive = new \ZipArchive();
		$archive->open( $zip, \ZipArchive::CREATE );
		foreach ( Site::files( Site::artifacts_root() . '/' . $id ) as $path => $content ) {
			$archive->addFromString( $path, $content );
		}
		$archive->close();
		$this->wp( 'artifacts', 'discard', $id );
		self::assertSame( 'created', $this->wp( 'artifacts', 'import', $zip )['status'] );
		self::assertSame( 'existing', $this->wp( 'artifacts', 'import', $zip )['status'] );
		self::assertSame( 'updated', $this->wp( 'artifacts', 'import', $zip, '--replace' )['status'] );
		self::assertSame( array( $id ), array_column( $this->wp( 'artifacts', 'prune', '--max-count=0', '--dry-run' )['removed'], 'artifact_id' ) );
		self::assertSame( 0, $this->wp( 'artifacts', 'prune', '--max-age-seconds=3600' )['freed_bytes'] );
		self::assertCount( 1, $this->wp( 'artifacts', 'prune', '--max-bytes=1' )['removed'] );
	}

	public function test_nobody_without_the_capability_reviews_stages_decides_or_applies_over_rest(): void {
		$id     = $this->run_it();
		$before = Site::files( $this->workspace );
		$input  = array(
			'artifact_id'    => $id,
			'approved_files' => array( self::GREETING ),
			'apply_target'   => array( 'name' => 'workspace' ),
		);
		$staged = self::$server->post_ability( 'wp-codebox/stage-artifact-apply', $input, self::$administrator->credentials )->json();
		$choice = array( 'pending_id' => $staged['pending_id'] );
		$asked  = array(
			'review-artifact'         => $input + array( 'action' => 'approve' ),
			'stage-artifact-apply'    => $input,
			'apply-approved-artifact' => $input,
			'accept-pending-apply'    => $choice,
			'reject-pending-apply'    => $choice,
		);
		foreach ( $asked as $name => $wanted ) {
			self::$server->post_ability( "wp-codebox/$name", $wanted, self::$subscriber->credentials )
				->assert_refused( 403, 'rest_ability_cannot_execute' );
		}
		foreach ( array( 'apply-artifact-preflight' => $input, 'list-pending-applies' => array() ) as $name => $wanted ) {
			self::$server->get_ability( "wp-codebox/$name", $wanted, self::$subscriber->credentials )
				->assert_refused( 403, 'rest_ability_cannot_execute' );
		}
		self::assertSame( $before, Site::files( $this->workspace ) );
		self::assertSame( 'pending', $this->wp( 'artifacts', 'pending' )['pending'][0]['state'] );
		// Tests that come after this one list what waits for a decision.
		$this->wp( 'artifacts', 'reject', $staged['pending_id'] );
	}

	public function test_the_whole_road_over_rest(): void {
		$admin = self::$administrator->credentials;
		$run   = self::$server->post_ability( 'wp-codebox/run-agent-task', Task::input( 'edit' ), $admin )->json();
		$id    = $run['artifact_result']['artifactBundle']['id'];
		$files = array( self::GREETING, '/workspace/project/notes/added.txt', '/workspace/project/notes/removed.txt' );
		$input = array(
			'artifact_id'    => $id,
			'approved_files' => $files,
			'apply_target'   => array( 'name' => 'workspace' ),
		);

		$inspection = self::$server->get_ability( 'wp-codebox/inspect-artifact', array( 'artifact_id' => $id ), $admin );
		self::assertTrue( $inspection->json()['verification']['valid'], $inspection->body );
		$preflight = self::$server->get_ability( 'wp-codebox/apply-artifact-preflight', array( 'artifact_id' => $id, 'approved_files' => $files ), $admin );
		self::assertSame( 200, $preflight->status, $preflight->body );

		foreach ( array( 'stage-artifact-apply', 'apply-approved-artifact', 'review-artifact' ) as $name ) {
			$wanted = 'review-artifact' === $name ? $input + array( 'action' => 'approve' ) : $input;
			self::$server->post_ability( "wp-codebox/$name", $wanted, self::$subscriber->credentials )->assert_refused( 403, 'rest_ability_cannot_execute' );
		}
		$staged = self::$server->post_ability( 'wp-codebox/stage-artifact-apply', $input, $admin );
		self::assertSame( 200, $staged->status, $staged->body );
		$pending = array( 'pending_id' => $staged->json()['pending_id'] );
		self::$server->post_ability( 'wp-codebox/accept-pending-apply', $pending, self::$subscriber->credentials )->assert_refused( 403, 'rest_ability_cannot_execute' );
		$accepted = self::$server->post_ability( 'wp-codebox/accept-pending-apply', $pending, $admin );
		self::assertSame( 200, $accepted->status, $accepted->body );
		self::assertSame( 'applied', $accepted->json()['state'] );
		self::assertSame( Task::edited(), Site::files( $this->workspace ) );
		self::assertSame( self::$administrator->id, $accepted->json()['decision']['decided_by']['id'] );

		self::$server->post_ability( 'wp-codebox/accept-pending-apply', $pending, $admin )->assert_refused( 409, 'wp_codebox_pending_apply_decided' );
		self::$server->post_ability( 'wp-codebox/apply-approved-artifact', $input, $admin )->assert_refused( 409, 'wp_codebox_apply_base_stale' );
	}

	/**
	 * Runs a task on the workspace.
	 *
	 * @return string Id of its bundle.
	 */
	private function run_it( string $task = 'edit' ): string {
		$ended = Site::wp( 'codebox', 'run-agent-task', '--input-json=' . json_encode( Task::input( $task ) ) );
		self::assertSame( 0, $ended->status, $ended->stderr );
		return $ended->json()['artifact_result']['artifactBundle']['id'];
	}

	/**
	 * @return array<string, mixed>
	 */
	private function wp( string ...$arguments ): array {
		$command = Site::wp_command( array( 'wp_codebox.git=' . self::git_program() ) );
		$ended   = Process::run( array_merge( $command, array( 'codebox' ), $arguments ) );
		self::assertSame( 0, $ended->status, implode( ' ', $arguments ) . ": {$ended->stderr}" );
		return $ended->json();
	}

	private function git( string ...$arguments ): string {
		$ended = Process::run( array_merge( array( self::git_program(), '-c', 'safe.directory=*', '-C', $this->repository ), $arguments ) );
		self::assertSame( 0, $ended->status, $ended->stderr );
		return $ended->stdout;
	}

	private static function git_program(): string {
		foreach ( explode( ':', (string) getenv( 'PATH' ) ) as $directory ) {
			if ( is_executable( "$directory/git" ) ) {
				return "$directory/git";
			}
		}
		self::fail( 'git is needed' );
	}
}
