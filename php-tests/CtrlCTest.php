<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

/**
 * Ctrl-C while a command runs in a sandbox.
 */
final class CtrlCTest extends SiteTestCase {

	/**
	 * Has the signal sent while the call goes on: somebody is asked for approval in the middle of it.
	 */
	private const SIGNAL = '$pid = getmypid(); $sent = null;
		add_filter( "wp_codebox_approve_command", function () use ( $pid, &$sent ) {
			$pipes = array();
			$sent  = proc_open( array( "sh", "-c", "sleep 0.3; kill -INT $pid" ), array(), $pipes );
			return true;
		} );';

	private const SANDBOX = '$sandbox = WP_Codebox_API::create_sandbox( array( "runtime_policy" => array( "approvals" => "on-command" ) ) );';

	public function test_it_ends_the_command_and_wp_cli_goes_on(): void {
		$ended = $this->eval_file( self::SIGNAL . self::SANDBOX . '
			$answer = $sandbox->execute( "wordpress.run-php", array( "code" => "while ( true ) {}" ) );
			echo $answer["error"]["code"], " ", $sandbox->info()["status"];' );
		self::assertSame( array( 0, 'wp_codebox_run_cancelled stopped' ), array( $ended->status, $ended->stdout ), $ended->stderr );
	}

	public function test_a_second_one_ends_wp_cli_and_so_does_one_between_two_commands(): void {
		$ended = $this->eval_file( self::SIGNAL . self::SANDBOX . '
			$answer = $sandbox->execute( "wordpress.run-php", array( "code" => "while ( true ) {}" ) );
			echo $answer["error"]["code"]; posix_kill( getmypid(), SIGINT ); sleep( 1 ); echo " went on";' );
		self::assertSame( 'wp_codebox_run_cancelled', $ended->stdout, $ended->stderr );
		self::assertNotSame( 0, $ended->status );
	}

	/**
	 * @requires extension pcntl
	 */
	public function test_somebody_s_own_handler_stays_and_decides(): void {
		$ended = $this->eval_file( 'pcntl_async_signals( true ); pcntl_signal( SIGINT, function () { echo "mine "; } );' . self::SIGNAL . self::SANDBOX . '
			$answer = $sandbox->execute( "wordpress.run-php", array( "code" => "usleep( 1500000 ); return \'done\';" ) );
			echo $answer["result"] ?? $answer["error"]["code"]; posix_kill( getmypid(), SIGINT ); usleep( 1000 );' );
		self::assertSame( array( 0, 'mine donemine ' ), array( $ended->status, $ended->stdout ), $ended->stderr );
	}

	public function test_a_program_that_is_not_wp_cli_ends(): void {
		$file = Site::scratch( 'ctrl-c.php' );
		file_put_contents(
			$file,
			'<?php $sandbox = WP_Codebox_API::create_sandbox(); $pid = getmypid();
			$sandbox->execute( "wordpress.run-php", array( "code" => "echo 1; while ( true ) {}" ), array( "on_output" => fn() => posix_kill( $pid, SIGINT ) ) );
			echo "went on";'
		);
		$ended = Process::php( array( $file ) );
		self::assertSame( '', $ended->stdout );
		self::assertNotSame( 0, $ended->status );
	}

	private function eval_file( string $code ): Finished {
		$file = Site::scratch( 'ctrl-c-eval.php' );
		file_put_contents( $file, "<?php\n$code" );
		return Site::wp( 'eval-file', $file );
	}
}
